// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

func newServeCommand() *cobra.Command {
	var o serveOptions
	command := &cobra.Command{
		Use:   "serve",
		Short: "Serve rooms until interrupted",
		Long: "Serve rooms until interrupted. When the server is ready it prints one line to standard output,\n" +
			"\"listening on <address>\"; its log goes to standard error.",
		Example: "  roomserver serve --data ./rooms --api-key-file api-keys",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			log := slog.New(slog.NewTextHandler(command.ErrOrStderr(), nil))
			return serve(command.Context(), o, log, func(address net.Addr) error {
				_, err := fmt.Fprintln(command.OutOrStdout(), "listening on", address)
				return err
			})
		},
	}
	o.addFlags(command.Flags())
	return command
}

// serve runs the server until ctx is done. ready is called once connections are accepted.
func serve(ctx context.Context, o serveOptions, log *slog.Logger, ready func(net.Addr) error) (err error) {
	keys, err := readAPIKeys(o.apiKeyFile)
	if err != nil {
		return err
	}
	rows, err := o.openStore()
	if err != nil {
		return fmt.Errorf("open store: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	faults, err := o.parseFaults()
	if err != nil {
		return err
	}
	audit, closeAudit, err := o.openAudit(log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeAudit()) }()
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	server, err := roomserver.New(roomserver.Config{
		APIKeys: keys, Rooms: o.rooms, Store: rows, Logger: log, Audit: audit, Registry: registry,
		Limits: o.limits, OAuthOrigins: o.oauthOrigins, Faults: faults,
	})
	if err != nil {
		return &usageError{err.Error()} // all it checks comes from flags and the key file
	}
	listener, err := o.listener(ctx, log)
	if err != nil {
		return err
	}
	if err := ready(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	return server.Serve(ctx, listener)
}

func (o *serveOptions) openStore() (store.Store, error) {
	if o.inMemory {
		return store.NewMemory(o.maxData), nil
	}
	return store.OpenBolt(store.BoltConfig{Dir: o.data, KeyFile: o.sealKeyFile, MaxBytes: o.maxData})
}

func (o *serveOptions) parseFaults() ([]roomserver.Fault, error) {
	faults := make([]roomserver.Fault, 0, len(o.faults))
	for _, text := range o.faults {
		fault, err := roomserver.ParseFault(text)
		if err != nil {
			return nil, usagef("--fault: %v", err)
		}
		faults = append(faults, fault)
	}
	return faults, nil
}

// openAudit returns the logger of operations; nil for none.
func (o *serveOptions) openAudit(log *slog.Logger) (audit *slog.Logger, closer func() error, err error) {
	switch o.auditLog {
	case auditToStderr:
		return log, func() error { return nil }, nil
	case auditNowhere:
		return nil, func() error { return nil }, nil
	}
	file, err := os.OpenFile(o.auditLog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("open audit log: %w", err)
	}
	return slog.New(slog.NewJSONHandler(file, nil)), file.Close, nil
}

func (o *serveOptions) listener(ctx context.Context, log *slog.Logger) (net.Listener, error) {
	var secure *tls.Config
	if o.tlsCert != "" {
		certificate, err := newCertificate(o.tlsCert, o.tlsKey, log)
		if err != nil {
			return nil, err
		}
		secure = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certificate.get}
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", o.listen)
	switch {
	case err != nil:
		return nil, fmt.Errorf("--listen: %w", err)
	case secure == nil:
		return listener, nil
	}
	return tls.NewListener(listener, secure), nil
}
