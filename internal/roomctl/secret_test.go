// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheCommandsSayWhatTheOriginalOnesSay goes through the life of a secret: what is printed, where, and the exit code.
func TestTheCommandsSayWhatTheOriginalOnesSay(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte("from a file"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		line string
		want result
	}{
		{"secret list -o json", result{0, "[]\n", ""}},
		{"secret exists --id my-secret", result{0, "false\n", ""}},
		{"secret get --id my-secret", result{1, "", "Secret not found\n"}},
		{"secret set --room myroom --id my-secret --text token-value", result{0, "", "Stored 11 bytes\n"}},
		{"secret exists --id my-secret", result{0, "true\n", ""}},
		{"secret get --id my-secret", result{0, "token-value", "Got secret name=my-secret mime_type=application/octet-stream bytes=11\n"}},
		{"secrets get --id my-secret --out -", result{0, "token-value", "Got secret name=my-secret mime_type=application/octet-stream bytes=11\n"}},
		{"secret get --id my-secret -o " + out, result{0, "", "Got secret name=my-secret mime_type=application/octet-stream bytes=11\nWrote 11 bytes to " + out + "\n"}},
		{"secret set --id my-secret --type text/plain --name Mine --in " + in, result{0, "", "Stored 11 bytes\n"}},
		{"secret get --id my-secret", result{0, "from a file", "Got secret name=Mine mime_type=text/plain bytes=11\n"}},
		{"secret set --id my-secret --base64 AAH/", result{0, "", "Stored 3 bytes\n"}},
		{"secret get --id my-secret", result{0, "\x00\x01\xff", "Got secret name=my-secret mime_type=application/octet-stream bytes=3\n"}},
		{"secret set --id k --delegated-to agent-1 --type t --name n --text=", result{0, "", "Stored 0 bytes\n"}},
		{"secret exists --id k", result{0, "false\n", ""}},
		{"secret exists --id k --delegated-to agent-1", result{0, "true\n", ""}},
		{"secret get --id k --delegated-to agent-1", result{0, "", "Got secret name=n mime_type=t bytes=0\n"}},
		{"secret set --id for-bob --for-identity bob --text b", result{0, "", "Stored 1 bytes\n"}},
		{"secret exists --id for-bob --for-identity bob", result{0, "true\n", ""}},
		{"secret get --id for-bob --as-identity bob", result{0, "b", "Got secret name=for-bob mime_type=application/octet-stream bytes=1\n"}},
		{"secret list -o name", result{0, "k\nmy-secret\n", ""}},
		{"secret delete k --delegated-to agent-1", result{0, "deleted secret\n", ""}},
		{"secret delete my-secret", result{0, "deleted secret\n", ""}},
		{"secret delete my-secret", result{0, "deleted secret\n", ""}},
		{"secret list", result{0, "", "No secrets found in room myroom at " + r.url + ".\n"}},
	} {
		if diff := cmp.Diff(step.want, r.run(t, step.line)); diff != "" {
			t.Errorf("kubectl room %s (-want +got):\n%s", step.line, diff)
		}
	}
	if info, err := os.Stat(out); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file of a value: %v, %v", info, err)
	}
}

func TestAValueComesFromStandardInput(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	if got := r.runWith(t, strings.NewReader("piped\n"), "secret", "set", "--id", "s", "-i", "-"); got.Code != 0 || got.Stderr != "Stored 6 bytes\n" {
		t.Errorf("set: %+v", got)
	}
	if got := r.run(t, "secret get --id s"); got.Stdout != "piped\n" {
		t.Errorf("get: %+v", got)
	}
	large := strings.NewReader(strings.Repeat("x", 5<<20))
	if got := r.runWith(t, large, "secret", "set", "--id", "s", "-i", "-"); got.Code != 1 || !strings.Contains(got.Stderr, "more than") {
		t.Errorf("set of too much: %+v", got)
	}
}

func TestListsAreInEachFormatWhatTheyWere(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	for _, line := range []string{
		"secret set --id stripe --type text/plain --name Stripe --text a",
		"secret set --id <b>&\u00e9 --type t --text b",
		"secret set --id shared --type application/json --name Shared --delegated-to agent-1 --text {}",
	} {
		if got := r.run(t, line); got.Code != 0 {
			t.Fatal(got.Stderr)
		}
	}
	if got := r.runWith(t, nil, "secret", "set", "--id", "hostile", "--name", "\x1b[31mred\nline", "--text", "x"); got.Code != 0 {
		t.Fatal(got.Stderr)
	}
	for _, format := range []string{"table", "json", "yaml", "name"} {
		got := r.run(t, "secret list -o "+format)
		if got.Code != 0 || got.Stderr != "" {
			t.Errorf("-o %s: %+v", format, got)
		}
		golden(t, "list."+format, got.Stdout)
	}
}

func TestWhatTheRoomSaysIsToldUnlessItRepeatsASecret(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	got := r.run(t, "secret request --from-participant-id nobody --url secret://example --type application/octet-stream")
	if got.Code != 1 || got.Stdout != "" || !strings.HasPrefix(got.Stderr, "Requesting secret from participant nobody...\nerror: ") ||
		!strings.Contains(got.Stderr, "no participant with that id") {
		t.Errorf("%+v", got)
	}
}

func TestFailuresExit1(t *testing.T) {
	t.Parallel()
	r := newRoom(t)
	secret := r.key.Encode()
	other := newRoom(t)
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"nobody listens":            {[]string{"--url", "ws://127.0.0.1:1"}, "connection refused"},
		"the key is not the room's": {[]string{"--url", other.url}, "status 401"},
		"there is no such file":     {[]string{"--token-file", "/no/such/file"}, "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := r.runWith(t, nil, append([]string{"secret", "list", "--room", "myroom"}, c.args...)...)
			if got.Code != 1 || got.Stdout != "" || !strings.Contains(got.Stderr, c.want) || strings.Contains(got.Stderr, "--help") {
				t.Errorf("%+v", got)
			}
			if strings.Contains(got.Stderr, secret[60:]) {
				t.Errorf("the key is in the error: %s", got.Stderr)
			}
		})
	}
}
