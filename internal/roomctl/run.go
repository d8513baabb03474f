// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/genericiooptions"
	"k8s.io/cli-runtime/pkg/printers"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/target"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Env is what a command line works in.
type Env struct {
	genericiooptions.IOStreams
	// Getenv reads the environment.
	Getenv func(string) string
}

// app is what the commands of one command line share.
type app struct {
	Env
	options *target.Options
	// hidden are values and credentials that were handled: what the room says of an error is not shown when it repeats one.
	hidden []redact.Bytes
}

// Run executes one command line and returns the exit code.
func Run(ctx context.Context, args []string, env Env) int {
	a := &app{Env: env, options: target.NewOptions(env.Getenv)}
	root := a.newRootCommand() //nolint:contextcheck // cobra hands ctx to the commands
	root.SetArgs(args)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	return a.report(command, err)
}

// plainError is an error whose text is told as it is.
type plainError string

// Error implements error.
func (e plainError) Error() string { return string(e) }

// report tells the user what went wrong and returns the exit code.
func (a *app) report(command *cobra.Command, err error) int {
	if plain, ok := errors.AsType[plainError](err); ok {
		a.printErr(string(plain) + "\n")
		return exitFailure
	}
	a.printErr("error: " + a.describe(err) + "\n")
	if _, ok := errors.AsType[*usage.Error](err); ok {
		a.printErr(fmt.Sprintf("See '%s --help' for usage.\n", command.CommandPath()))
		return exitUsage
	}
	return exitFailure
}

// describe returns the text of an error, with what the room says about it unless that would show a secret.
func (a *app) describe(err error) string {
	if errors.Is(err, context.Canceled) {
		return "interrupted"
	}
	if meta.IsNoMatchError(err) {
		return "the cluster does not know the kinds of roomsecrets.io: install the operator there, or choose another one with --context"
	}
	text := strings.Replace(err.Error(), "roomclient: ", "", 1)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return text + ": if you trust it, name its certificate in the variable SSL_CERT_FILE, or in spec.tls of the Room"
	}
	failed, ok := errors.AsType[*roomclient.Error](err)
	if !ok || failed.Text == "" {
		return text
	}
	for _, value := range a.hidden {
		if strings.Contains(failed.Text, string(value)) {
			return text
		}
	}
	return text + fmt.Sprintf(": the room says %q", failed.Text)
}

// hide keeps a value out of errors.
func (a *app) hide(value redact.Bytes) {
	if len(value) > 0 {
		a.hidden = append(a.hidden, value)
	}
}

// printErr writes to standard error. What comes from elsewhere may hold characters that a terminal obeys: they are made
// visible.
func (a *app) printErr(text string) {
	body, newline := strings.TrimSuffix(text, "\n"), strings.HasSuffix(text, "\n")
	_ = printers.WriteEscaped(a.ErrOut, body)
	if newline {
		_, _ = io.WriteString(a.ErrOut, "\n")
	}
}

// Args returns the arguments of a command line: under the name kubectl_complete-room, which is what kubectl runs to
// complete the commands of a plugin, they ask for completions.
func Args(commandLine []string) []string {
	if len(commandLine) == 0 {
		return nil
	}
	args := commandLine[1:]
	if strings.TrimSuffix(filepath.Base(commandLine[0]), ".exe") == "kubectl_complete-room" {
		return append([]string{cobra.ShellCompRequestCmd}, args...)
	}
	return args
}
