// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// destination is where a value goes to.
type destination struct {
	out   string
	given bool
}

func (d *destination) addFlags(command *cobra.Command) {
	command.Flags().StringVarP(&d.out, "out", "o", standard, "file to write the value to, readable by you alone; - for standard output")
}

// check refuses what can only be an output format: the value would end up in a file of that name.
func (d *destination) check(command *cobra.Command) error {
	d.given = command.Flags().Changed("out")
	switch {
	case d.out == "":
		return usage.Errorf("--out names no file")
	case slices.Contains(formats(), d.out):
		return usage.Errorf("--out %s is a file here, not a format: for a file of that name say ./%s", d.out, d.out)
	}
	return nil
}

// deliver writes a value. On a terminal it warns, unless standard output was asked for by name; what is not text goes to a
// terminal only then.
func (a *app) deliver(value redact.Bytes, d destination) error {
	if d.out != standard {
		if err := os.WriteFile(d.out, value, 0o600); err != nil {
			return fmt.Errorf("write the value: %w", err)
		}
		a.printErr(fmt.Sprintf("Wrote %d bytes to %s\n", len(value), d.out))
		return nil
	}
	if !isTerminal(a.Out) {
		_, err := a.Out.Write(value)
		return err
	}
	if !d.given {
		if !isText(value) {
			return errors.New("the value is not text and could upset the terminal: write it to a file with --out FILE, or here all the same with --out -")
		}
		a.warn("this shows a secret on the terminal; --out FILE does not, and --out - does without a warning")
	}
	if _, err := a.Out.Write(value); err != nil {
		return err
	}
	if len(value) > 0 && value[len(value)-1] != '\n' {
		a.printErr("\n") // so that the prompt has a line of its own
	}
	return nil
}

// isText reports whether a terminal shows all of a value and obeys none of it.
func isText(value []byte) bool {
	for len(value) > 0 {
		r, size := utf8.DecodeRune(value)
		if r == utf8.RuneError && size == 1 || !unicode.IsPrint(r) && r != '\n' && r != '\t' {
			return false
		}
		value = value[size:]
	}
	return true
}
