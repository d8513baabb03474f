// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// program runs until it is stopped. All it prints goes to a file.
type program struct {
	name string
	log  string
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // why it ended; read only after done
}

// stopTimeout is how long a program may take to end before it is killed.
const stopTimeout = 15 * time.Second

// shell prepares a command line of the kind that is shown: in the repository, with DEMO, PATH and KUBECONFIG set as
// the introduction says.
func (d *demo) shell(ctx context.Context, line string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "sh", "-c", line)
	cmd.Dir = d.root
	bin := filepath.Join(d.root, "bin")
	cmd.Env = append(os.Environ(), "DEMO="+d.dir, "KUBECONFIG="+filepath.Join(d.dir, "kube", "admin.kubeconfig"),
		"PATH="+strings.Join([]string{bin, filepath.Join(bin, "kube"), os.Getenv("PATH")}, string(os.PathListSeparator)))
	return cmd
}

// start shows a command line and runs it in the background until it is stopped, whatever becomes of ctx.
func (d *demo) start(ctx context.Context, name, line string) (*program, error) {
	d.say.command(line + " &")
	p := &program{name: name, log: filepath.Join(d.dir, name+".log"), done: make(chan struct{})}
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close() // the program has its own
	p.cmd = d.shell(context.WithoutCancel(ctx), "exec "+line)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = log, log, tethered()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	return p, nil
}

// ended returns an error when the program has ended.
func (p *program) ended() error {
	select {
	case <-p.done:
		return fmt.Errorf("%s has ended: %w", p.name, errors.Join(p.err, errors.New("it should run until it is stopped")))
	default:
		return nil
	}
}

// stop asks the program to end, and forces it when it takes too long.
func (p *program) stop() error {
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-p.done:
		return nil
	case <-timer.C:
	}
	err := p.cmd.Process.Kill()
	<-p.done
	return errors.Join(fmt.Errorf("%s had to be killed", p.name), err)
}

// tail returns the last lines that the program has printed.
func (p *program) tail(lines int) []string {
	content, err := os.ReadFile(p.log)
	if err != nil {
		return []string{err.Error()}
	}
	all := strings.Split(strings.TrimRight(string(content), "\n"), "\n")
	return all[max(0, len(all)-lines):]
}
