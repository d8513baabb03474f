// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command pod is the program in the pods of the tests. By itself it waits until it is told to end; called with a name it
// shows what the pod was given, or where it can connect to.
package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"
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
	case len(args) == 2 && args[0] == "dial":
		// Who is let in is answered at once; who is not has no answer. The first packet may be lost, and is sent again after a second.
		dialer := net.Dialer{Timeout: 3 * time.Second}
		conn, err := dialer.DialContext(context.Background(), "tcp", args[1])
		if err != nil {
			return err
		}
		return conn.Close()
	default:
		return fmt.Errorf("cannot do %q: the commands are cat FILE, env NAME and dial ADDRESS", args)
	}
}
