// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net"
	"time"

	"github.com/spf13/pflag"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// serveOptions are the flags of the serve command.
type serveOptions struct {
	listen       string
	data         string
	inMemory     bool
	sealKeyFile  string
	apiKeyFile   string
	rooms        []string
	tlsCert      string
	tlsKey       string
	limits       roomserver.Limits
	maxData      int64
	oauthOrigins []string
	auditLog     string
	faults       []string
}

func (o *serveOptions) addFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.listen, "listen", "127.0.0.1:7345", "address to listen on; port 0 picks a free one")
	flags.StringVar(&o.data, "data", "", "directory of the data file; made when missing")
	flags.BoolVar(&o.inMemory, "in-memory", false, "keep nothing: all secrets are gone when the server ends")
	flags.StringVar(&o.sealKeyFile, "seal-key-file", "",
		"file of the 32-byte key that seals the values, mode 0600; made on first start (default seal.key in the data directory)")
	flags.StringVar(&o.apiKeyFile, "api-key-file", "", apiKeyFileUsage)
	flags.StringSliceVar(&o.rooms, "rooms", nil, "rooms that exist, separated by commas (default: every room somebody has a token for)")
	flags.StringVar(&o.tlsCert, "tls-cert", "", "certificate chain in PEM; read again when the file changes")
	flags.StringVar(&o.tlsKey, "tls-key", "", "private key of --tls-cert in PEM")
	flags.IntVar(&o.limits.MaxMessage, "max-message", protocol.DefaultMaxMessage, "largest message in bytes")
	flags.IntVar(&o.limits.MaxConnections, "max-connections", 1024, "most participants connected at once")
	flags.IntVar(&o.limits.MaxRate, "max-rate", 5000, "most messages a second of one connection; more are kept waiting")
	flags.IntVar(&o.limits.MaxWaiting, "max-waiting", 64, "most calls of one connection that wait for somebody at once")
	flags.IntVar(&o.limits.MaxPending, "max-pending", 4096, "most requests that wait for a participant's answer at once")
	flags.IntVar(&o.limits.MaxPendingEach, "max-pending-each", 64, "most requests of one identity in one room that wait for an answer at once")
	flags.DurationVar(&o.limits.MaxTimeout, "max-timeout", time.Hour, "longest a request waits for a participant's answer")
	flags.Int64Var(&o.maxData, "max-data", store.DefaultMaxBytes, "most bytes all secrets together may take up")
	flags.StringSliceVar(&o.oauthOrigins, "oauth-origins", []string{roomserver.PublicOrigins},
		"origins of the token endpoints the server talks to, separated by commas; https://* is every public HTTPS server")
	flags.StringVar(&o.auditLog, "audit-log", auditToStderr, "where one line for each operation goes: stderr, none, or a file to append JSON lines to")
	flags.StringArrayVar(&o.faults, "fault", nil,
		"misbehave, for tests: refuse=STATUS, delay=DURATION, drop=TOOL or close=CODE, with ,tool=NAME ,rate=0.5 ,times=3; may be repeated")
}

// Values of --audit-log that are no file names.
const (
	auditToStderr = "stderr"
	auditNowhere  = "none"
)

func (o *serveOptions) validate() error {
	switch {
	case o.data == "" && !o.inMemory:
		return usagef("name where the secrets are kept: --data DIR, or --in-memory to keep nothing")
	case o.data != "" && o.inMemory:
		return usagef("--data and --in-memory exclude each other: give one of them")
	case o.sealKeyFile != "" && o.inMemory:
		return usagef("--seal-key-file needs --data: nothing is sealed in memory")
	case o.apiKeyFile == "":
		return usagef("--api-key-file is missing: make one with '(umask 077; roomserver api-key > FILE)'")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return usagef("--tls-cert and --tls-key need each other: give both or none")
	case o.auditLog == "":
		return usagef("--audit-log is empty: give stderr, none or a file name")
	}
	if _, _, err := net.SplitHostPort(o.listen); err != nil {
		return usagef("--listen %q is not HOST:PORT, such as 127.0.0.1:7345", o.listen)
	}
	return o.validateLimits()
}

func (o *serveOptions) validateLimits() error {
	switch {
	case o.maxData < 1:
		return usagef("--max-data must be at least 1")
	case o.limits.MaxMessage < 1:
		return usagef("--max-message must be at least 65536")
	case o.limits.MaxTimeout < time.Second:
		return usagef("--max-timeout must be at least 1s")
	}
	for _, limit := range []struct {
		flag  string
		value int
	}{
		{"--max-connections", o.limits.MaxConnections},
		{"--max-rate", o.limits.MaxRate},
		{"--max-waiting", o.limits.MaxWaiting},
		{"--max-pending", o.limits.MaxPending},
		{"--max-pending-each", o.limits.MaxPendingEach},
	} {
		if limit.value < 1 {
			return usagef("%s must be at least 1", limit.flag)
		}
	}
	return nil
}
