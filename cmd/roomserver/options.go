// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"github.com/spf13/pflag"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// serveOptions are the flags of the serve command.
type serveOptions struct {
	listen         string
	data           string
	inMemory       bool
	sealKeyFile    string
	apiKeyFile     string
	rooms          []string
	tlsCert        string
	tlsKey         string
	maxMessage     int
	maxConnections int
	maxData        int64
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
	flags.IntVar(&o.maxMessage, "max-message", protocol.DefaultMaxMessage, "largest message in bytes")
	flags.IntVar(&o.maxConnections, "max-connections", 1024, "most participants connected at once")
	flags.Int64Var(&o.maxData, "max-data", store.DefaultMaxBytes, "most bytes all secrets together may take up")
}

func (o *serveOptions) validate() error {
	switch {
	case o.data == "" && !o.inMemory:
		return usagef("name where the secrets are kept: --data DIR, or --in-memory to keep nothing")
	case o.data != "" && o.inMemory:
		return usagef("--data and --in-memory exclude each other: give one of them")
	case o.sealKeyFile != "" && o.inMemory:
		return usagef("--seal-key-file needs --data: nothing is sealed in memory")
	case o.apiKeyFile == "":
		return usagef("--api-key-file is missing: make one with 'roomserver api-key > FILE'")
	case (o.tlsCert == "") != (o.tlsKey == ""):
		return usagef("--tls-cert and --tls-key need each other: give both or none")
	case o.maxConnections < 1:
		return usagef("--max-connections must be at least 1")
	case o.maxData < 1:
		return usagef("--max-data must be at least 1")
	case o.maxMessage < 1:
		return usagef("--max-message must be at least 65536")
	default:
		return nil
	}
}
