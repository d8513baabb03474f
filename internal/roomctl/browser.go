// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"os/exec"
	"runtime"
)

// openBrowser opens a page in the browser that BROWSER names, or else in the user's. It does not wait for the browser.
func openBrowser(ctx context.Context, getenv func(string) string, page string) error {
	program, args := "xdg-open", []string{page}
	switch runtime.GOOS {
	case "darwin":
		program = "open"
	case "windows":
		program, args = "rundll32", []string{"url.dll,FileProtocolHandler", page}
	}
	if browser := getenv("BROWSER"); browser != "" {
		program, args = browser, []string{page}
	}
	//nolint:gosec // the program is the user's choice, and the page an http or https URL
	command := exec.CommandContext(context.WithoutCancel(ctx), program, args...)
	if err := command.Start(); err != nil {
		return err
	}
	go func() { _ = command.Wait() }()
	return nil
}
