// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// standard names standard input or output where a path is expected.
const standard = "-"

// source is where a value comes from: a file, or the command line.
type source struct {
	in, text, base64 string

	given string // the flag that was given, or ""
}

func (s *source) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVarP(&s.in, "in", "i", "", "file that holds the value; - for standard input")
	flags.StringVar(&s.text, "text", "", "the value, as text")
	flags.StringVar(&s.base64, "base64", "", "the value, in base64")
}

// check fails unless one of the flags was given, or at most one when the value is optional.
func (s *source) check(command *cobra.Command, optional bool) error {
	for _, name := range []string{"in", "text", "base64"} {
		if !command.Flags().Changed(name) {
			continue
		}
		if s.given != "" {
			return usage.Errorf("Only one of --in, --text, or --base64 may be given.")
		}
		s.given = name
	}
	if s.given == "" && !optional {
		return usage.Errorf("Provide one of --in, --text, or --base64.")
	}
	if s.given == "in" && s.in == "" {
		return usage.Errorf("--in names no file")
	}
	_, err := s.decode()
	return err
}

func (s *source) decode() (redact.Bytes, error) {
	value, err := base64.StdEncoding.DecodeString(s.base64)
	if err != nil || strings.ContainsAny(s.base64, "\r\n") { // which Go skips
		return nil, usage.Errorf("Invalid base64 data for --base64.")
	}
	return value, nil
}

// value reads the value, which is never nil.
func (s *source) value(ctx context.Context, a *app) (redact.Bytes, error) {
	var value redact.Bytes
	var err error
	switch s.given {
	case "text":
		value = redact.Bytes(s.text)
	case "base64":
		value, err = s.decode()
	case "in":
		value, err = s.read(ctx, a)
	}
	if value == nil {
		value = redact.Bytes{}
	}
	a.hide(value)
	return value, err
}

func (s *source) read(ctx context.Context, a *app) (redact.Bytes, error) {
	if s.in != standard {
		return readFile(s.in)
	}
	if isTerminal(a.In) {
		return a.askHidden(ctx, "Value (not shown, ends with Enter): ")
	}
	return readValue(a.In, "standard input")
}

func readFile(path string) (redact.Bytes, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read the value: %w", err)
	}
	defer file.Close()
	return readValue(file, path)
}

// readValue reads no more than the room would take.
func readValue(reader io.Reader, name string) (redact.Bytes, error) {
	const most = protocol.DefaultMaxMessage
	value, err := io.ReadAll(io.LimitReader(reader, most+1))
	if err != nil {
		return nil, fmt.Errorf("read the value: %w", err)
	}
	if len(value) > most {
		return nil, fmt.Errorf("read the value: %s holds more than %d bytes", name, most)
	}
	return value, nil
}
