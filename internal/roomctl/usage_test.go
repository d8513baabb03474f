// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestMistakesAreToldBeforeAnythingIsConnectedTo has a room service and an API server that nobody may call.
func TestMistakesAreToldBeforeAnythingIsConnectedTo(t *testing.T) {
	t.Parallel()
	address, calls := deafListener(t)
	r := &room{env: map[string]string{"MESHAGENT_ROOM_URL": "ws://" + address, "MESHAGENT_ROOM": "myroom", "MESHAGENT_API_KEY": newRoom(t).key.Encode()}}
	kubeconfig := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(kubeconfig, []byte("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: 'http://"+address+"'}}]\n"+
		"contexts: [{name: c, context: {cluster: c}}]\ncurrent-context: c\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const client = " --client-id c --authorization-endpoint https://a --token-endpoint https://t"
	for line, want := range map[string]string{
		"foo":                                    `unknown command "foo" for "kubectl room"`,
		"secret foo":                             `unknown command "foo" for "kubectl room secret"`,
		"secret lst":                             `unknown command "lst" for "kubectl room secret": did you mean list?`,
		"secret list --bogus":                    "unknown flag: --bogus",
		"secret list one":                        "takes no arguments",
		"secret list -o xml":                     "-o xml is none of the output formats: table, json, yaml, name",
		"secret list --watch --interval 1ms":     "--interval must be at least 1s",
		"secret get":                             "Required parameter is missing: --id",
		"secret get --id a --out=":               "--out names no file",
		"secret get --id a -o json":              "--out json is a file here, not a format",
		"secret set --text a":                    "Required parameter is missing: --id",
		"secret set --id a":                      "Provide one of --in, --text, or --base64.",
		"secret set --id a --text b --in c":      "Only one of --in, --text, or --base64",
		"secret set --id a --text= --base64=":    "Only one of --in, --text, or --base64",
		"secret set --id a --base64 !":           "Invalid base64 data for --base64.",
		"secret set --id a --in=":                "--in names no file",
		"secret exists":                          "Required parameter is missing: --id",
		"secret delete":                          "Required parameter is missing: ID",
		"secret delete a b":                      "takes one ID",
		"secret delete-requested":                "Required parameter is missing: --url",
		"secret request --url u":                 "Required parameter is missing: --from-participant-id",
		"secret request --from-participant-id p": "Required parameter is missing: --url",
		"secret request --from-participant-id p --url u --timeout 0":    "--timeout must be from 1",
		"secret request --from-participant-id p --url u --timeout soon": "invalid argument",
		"secret request --from-participant-id p --url u -o yaml":        "--out yaml is a file here",
		"secret oauth":                                                   "Required parameter is missing: --from-participant-id",
		"secret oauth --from-participant-id p":                           "Required parameter is missing: --client-id",
		"secret oauth --from-participant-id p --client-id c":             "Required parameter is missing: --authorization-endpoint",
		"secret oauth --from-participant-id p --no-pkce" + client:        "Required parameter is missing: --client-secret",
		"secret oauth --from-participant-id p --pkce=false" + client:     "Required parameter is missing: --client-secret",
		"secret oauth --from-participant-id p --pkce --no-pkce" + client: "--pkce and --no-pkce contradict each other",
		"secret offline-token":                                           "Required parameter is missing: --client-id",
		"secret provide":                                                 "there is no terminal to ask at",
		"secret provide --text a":                                        "Required parameter is missing: --url",
		"secret provide --type a":                                        "Required parameter is missing: --url",
		"secret provide --url a":                                         "Provide one of --in, --text, or --base64.",
		"secret provide --url a --text b -f c":                           "--from-file and --url exclude each other",
		"secret provide --url a --text b --unmatched x":                  "--unmatched must be reject or ignore",
		"secret authorize now":                                           "takes no arguments",
		"sync":                                                           "Required parameter is missing: NAME",
		"sync a b":                                                       "takes one NAME",
		"sync a --wait --timeout 0s":                                     "--timeout must be more than 0",
		"status a b":                                                     "takes one NAME at most",
		"status -o xml":                                                  "-o xml is none of the output formats",
		"status a --all-namespaces":                                      "a NAME is of one namespace",
		"secret list --room a --cluster-room b":                          "--room and --cluster-room exclude each other",
		"secret list --url ws://a -n b":                                  "give one of them",
		"secret list --cluster-room a --token b":                         "give one of them",
		"secret list --token a --token-file b":                           "exclude each other",
		"secret list --url ws://a --room-url ws://b":                     "exclude each other",
		"secret list --url ws://a/rooms/b --room c":                      "contradict each other",
		"secret list --url ftp://a":                                      "--url: the URL must begin with ws://",
		"secret list --room-url ftp://a":                                 "--room-url: the URL must begin with ws://",
		"secret list --request-timeout soon":                             `--request-timeout "soon" is not a time`,
		"status --request-timeout soon":                                  `--request-timeout "soon" is not a time`,
		"secret list --token nonsense":                                   "--token is not a participant token",
		"secret list --room NotAName":                                    "is not the name of a room",
		"secret list --project-id x":                                     "is not a UUID",
		"secret list --project-id 0f1e2d3c-4b5a-6978-90ab-cdef12345678":  "belongs to project",
		"secret oauth --from-participant-id p --client-id c --authorization-endpoint ftp://a --token-endpoint https://t": "--authorization-endpoint must be an http or https URL",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			got := execute(t.Context(), r.env, strings.NewReader(""), append(strings.Fields(line), kubeFlag(line, kubeconfig)...)...)
			if got.Code != 2 || got.Stdout != "" {
				t.Errorf("exit %d, standard output %q", got.Code, got.Stdout)
			}
			if !strings.HasPrefix(got.Stderr, "error: ") || !strings.Contains(got.Stderr, want) || !strings.Contains(got.Stderr, "\nSee 'kubectl room") {
				t.Errorf("standard error does not say %q:\n%s", want, got.Stderr)
			}
		})
	}
	t.Cleanup(func() {
		if n := len(calls); n > 0 {
			t.Errorf("%d connections were made", n)
		}
	})
}

// kubeFlag names the API server to the commands that would ask one.
func kubeFlag(line, kubeconfig string) []string {
	if strings.HasPrefix(line, "s") && !strings.HasPrefix(line, "secret") {
		return []string{"--kubeconfig", kubeconfig}
	}
	return nil
}

// deafListener returns an address, and a channel that has an item for each connection to it.
func deafListener(t *testing.T) (address string, calls chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	calls = make(chan struct{}, 1000)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			calls <- struct{}{}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = listener.Close()
		<-done
	})
	return listener.Addr().String(), calls
}

func TestHelp(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"", "secret", "secret list", "secret get", "secret set", "secret exists", "secret delete", "secret delete-requested",
		"secret request", "secret provide", "secret oauth", "secret offline-token", "secret authorize", "participants", "sync", "status",
		"requests", "requests approve", "requests deny",
	} {
		t.Run(line, func(t *testing.T) {
			t.Parallel()
			args := strings.Fields(line)
			got := execute(t.Context(), nil, nil, append(args, "--help")...)
			if got.Code != 0 || got.Stderr != "" {
				t.Errorf("exit %d: %s", got.Code, got.Stderr)
			}
			name := strings.Join(append([]string{"room"}, args...), "-")
			golden(t, filepath.Join("help", name), got.Stdout)
			if len(args) < 2 && !slices.Contains([]string{"participants", "sync", "status", "requests"}, line) {
				if bare := execute(t.Context(), nil, nil, args...); bare != got {
					t.Errorf("a bare group does not print its help: %+v", bare)
				}
			}
		})
	}
}
