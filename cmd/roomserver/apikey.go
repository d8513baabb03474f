// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func newAPIKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "api-key",
		Short: "Print a new API key",
		Long: "Print a new API key. Keep it in a file that only you can read: whoever has it can make tokens for\n" +
			"every identity and room.",
		Example: "  (umask 077; roomserver api-key > api-keys)",
		Args:    noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			key, err := token.NewAPIKey()
			if err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), key.Encode())
			return err
		},
	}
}

const apiKeyFileUsage = "file of API keys, one a line; empty lines and lines that begin with # are skipped"

// readAPIKeys reads an API key file. Its errors name the line and quote none.
func readAPIKeys(path string) (keys []token.APIKey, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read API keys: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	lines := bufio.NewScanner(file)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		key, err := token.ParseAPIKey(line)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, number, err)
		}
		keys = append(keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read API keys from %s: %w", path, err)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s holds no API key: make one with '(umask 077; roomserver api-key > %s)'", path, path)
	}
	return keys, nil
}
