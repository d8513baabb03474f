// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command pod is the program in the pods of the tests. By itself it waits until it is told to end; called with a name it
// shows what the pod was given.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	switch {
	case len(args) == 0:
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
		defer stop()
		<-ctx.Done()
		return nil
	case len(args) == 2 && args[0] == "cat":
		content, err := os.ReadFile(args[1])
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(content)
		return err
	case len(args) == 2 && args[0] == "env":
		_, err := fmt.Print(os.Getenv(args[1]))
		return err
	default:
		return fmt.Errorf("cannot do %q: the commands are cat FILE and env NAME", args)
	}
}
