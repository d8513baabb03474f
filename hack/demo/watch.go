// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

// do shows a command line, runs it and shows what it prints.
func (d *demo) do(ctx context.Context, line string) error {
	d.say.command(line)
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	output, err := d.shell(ctx, line).CombinedOutput()
	d.say.output(string(output))
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	return nil
}

// read runs a command line and returns what it prints, which may be secret. It shows the line and a remark instead.
func (d *demo) read(ctx context.Context, line, remark string) (string, error) {
	d.say.command(line)
	output, err := d.shell(ctx, line).Output()
	if err != nil {
		return "", fmt.Errorf("%s: %w", line, err)
	}
	d.say.output(d.say.style(dim, remark))
	return strings.TrimSpace(string(output)), nil
}

// until waits until a check returns nil, and returns how long that took. It fails when patience ends, with what the check
// said last, and at once when one of the programs has ended.
func (d *demo) until(ctx context.Context, check func(context.Context) error) (time.Duration, error) {
	began := time.Now()
	var last error
	err := wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, patience, true, func(ctx context.Context) (bool, error) {
		for _, p := range []*program{d.roomServer, d.manager} {
			if p == nil {
				continue
			}
			if err := p.ended(); err != nil {
				return false, err
			}
		}
		last = check(ctx)
		return last == nil, nil
	})
	if wait.Interrupted(err) && last != nil {
		err = fmt.Errorf("not within %s: %w", patience, last)
	}
	return time.Since(began), err
}

// explain shows what may tell why a step has failed.
func (d *demo) explain(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	if d.cluster != nil {
		const line = "kubectl get roomsync --all-namespaces -o wide"
		output, _ := d.shell(ctx, line).CombinedOutput()
		d.say.gap()
		d.say.command(line)
		d.say.all(strings.Split(strings.TrimRight(string(output), "\n"), "\n"))
	}
	for _, p := range []*program{d.roomServer, d.manager} {
		if p != nil {
			d.say.gap()
			d.say.text("The last lines of " + p.log + ":")
			d.say.all(p.tail(20))
		}
	}
	d.say.gap()
}
