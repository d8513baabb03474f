// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"bufio"
	"context"
	"errors"

	"golang.org/x/term"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// maxLine bounds what is read at a terminal, in bytes.
const maxLine = 64 << 10

// askHidden asks for a value at the terminal that is standard input, without showing what is typed. When the context ends
// first, the terminal is as it was before; a goroutine goes on reading until the program ends.
func (a *app) askHidden(ctx context.Context, prompt string) (redact.Bytes, error) {
	file, ok := a.In.(interface{ Fd() uintptr })
	if !ok {
		return nil, errors.New("standard input is no terminal")
	}
	terminal := int(file.Fd())
	before, err := term.GetState(terminal)
	if err != nil {
		return nil, err
	}
	a.printErr(prompt)
	value, err := await(ctx, func() (redact.Bytes, error) { return term.ReadPassword(terminal) })
	a.printErr("\n")
	if ctx.Err() != nil {
		return nil, errors.Join(ctx.Err(), term.Restore(terminal, before))
	}
	return value, err
}

// askLine asks for a line at standard input.
func (a *app) askLine(ctx context.Context, prompt string) (string, error) {
	a.printErr(prompt)
	return await(ctx, func() (string, error) {
		lines := bufio.NewScanner(a.In)
		lines.Buffer(nil, maxLine)
		lines.Scan()
		return lines.Text(), lines.Err()
	})
}

// await waits for a read that cannot be interrupted, or for the end of the context.
func await[T any](ctx context.Context, read func() (T, error)) (T, error) {
	type outcome struct {
		value T
		err   error
	}
	outcomes := make(chan outcome, 1)
	go func() {
		value, err := read()
		outcomes <- outcome{value, err}
	}()
	select {
	case o := <-outcomes:
		return o.value, o.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
