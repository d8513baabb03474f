// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command kubectl-room is a plugin of kubectl for rooms: "kubectl room". With a link to it that is named
// kubectl_complete-room, kubectl completes its commands too.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	streams := genericiooptions.IOStreams{In: os.Stdin, Out: os.Stdout, ErrOut: os.Stderr}
	code := roomctl.Run(ctx, roomctl.Args(os.Args), roomctl.Env{IOStreams: streams, Getenv: os.Getenv})
	stop()
	os.Exit(code)
}
