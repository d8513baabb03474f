// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"fmt"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

func TestWhatTheRoomSaysIsWithheldWhenItRepeatsASecret(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("wrapped: %w", &roomclient.Error{Op: "secrets.set_secret", Kind: roomclient.ErrInvalid, Text: `bad value "hunter2"`})
	a := &app{}
	if got, want := a.describe(err), `wrapped: secrets.set_secret: invalid: the room says "bad value \"hunter2\""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a.hide(nil)
	a.hide(redact.Bytes("other"))
	a.hide(redact.Bytes("hunter2"))
	if got, want := a.describe(err), "wrapped: secrets.set_secret: invalid"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := a.describe(&roomclient.Error{Op: "dial", Err: context.Canceled}); got != "interrupted" {
		t.Errorf("got %s", got)
	}
}

func TestKubectlCompletesUnderAnotherName(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]int{"/usr/bin/kubectl-room": 1, "/usr/bin/kubectl_complete-room": 2, "kubectl_complete-room.exe": 2} {
		if got := Args([]string{program, "secret"}); len(got) != want || got[len(got)-1] != "secret" {
			t.Errorf("%s: %q", program, got)
		}
	}
	if got := Args(nil); got != nil {
		t.Errorf("%q", got)
	}
}
