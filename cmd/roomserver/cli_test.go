// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestMistakesInTheCommandLineExit2AndSayWhatToDo(t *testing.T) {
	t.Parallel()
	keys := keyFile(t)
	serve := func(args ...string) []string { return append([]string{"serve", "--api-key-file", keys}, args...) }
	tokenFor := func(args ...string) []string { return append([]string{"token", "--api-key-file", keys}, args...) }
	cases := map[string]struct {
		args []string
		want string
	}{
		"no command":                {nil, "name a command: serve, api-key, token or backup"},
		"an unknown command":        {[]string{"start"}, `unknown command "start"`},
		"an unknown flag":           {[]string{"serve", "--port", "1"}, "unknown flag: --port"},
		"an argument too many":      {[]string{"api-key", "now"}, "takes no arguments"},
		"nowhere to keep secrets":   {serve(), "--data DIR, or --in-memory"},
		"two places":                {serve("--data", "d", "--in-memory"), "exclude each other"},
		"a seal key for memory":     {serve("--in-memory", "--seal-key-file", "k"), "--seal-key-file needs --data"},
		"no API key file":           {[]string{"serve", "--in-memory"}, "--api-key-file is missing"},
		"half of TLS":               {serve("--in-memory", "--tls-cert", "c"), "give both or none"},
		"a bad room":                {serve("--in-memory", "--rooms", "ok,Not"), `"Not" is not a room name`},
		"a message limit too low":   {serve("--in-memory", "--max-message", "100"), "below 65536"},
		"a limit of nothing":        {serve("--in-memory", "--max-message", "0"), "--max-message must be at least"},
		"no rate":                   {serve("--in-memory", "--max-rate", "0"), "--max-rate must be at least 1"},
		"no time to answer":         {serve("--in-memory", "--max-timeout", "1ms"), "--max-timeout must be at least 1s"},
		"an origin that is none":    {serve("--in-memory", "--oauth-origins", "login.example.com"), "is not an origin"},
		"an address without a port": {serve("--in-memory", "--listen", "localhost"), `--listen "localhost" is not HOST:PORT`},
		"a fault that is none":      {serve("--in-memory", "--fault", "sulk=1"), "begin with refuse=STATUS"},
		"a fault out of bounds":     {serve("--in-memory", "--fault", "close=1006"), "1006 is no close code"},
		"a backup to nowhere":       {[]string{"backup", "--api-key-file", keys}, "name the file"},
		"a backup with no key":      {[]string{"backup", "f"}, "--api-key-file is missing"},
		"a backup from no server":   {[]string{"backup", "--api-key-file", keys, "--server", "ftp://x", "f"}, "--server"},
		"no connections":            {serve("--in-memory", "--max-connections", "0"), "--max-connections must be at least 1"},
		"no data":                   {serve("--in-memory", "--max-data", "-1"), "--max-data must be at least 1"},
		"a limit that is no number": {serve("--in-memory", "--max-data", "much"), "invalid argument"},
		"a token without key":       {[]string{"token", "--identity", "a", "--room", "r"}, "--api-key-file is missing"},
		"a token for nobody":        {tokenFor("--room", "r"), "--identity is missing"},
		"a token for nowhere":       {tokenFor("--identity", "a"), "--room is missing"},
		"a token for no room":       {tokenFor("--identity", "a", "--room", "R"), "is not a room name"},
		"a token without time":      {tokenFor("--identity", "a", "--room", "r", "--ttl", "0s"), "--ttl must be at least 1s"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := execute(t, c.args...)
			if code != exitUsage || stdout != "" {
				t.Errorf("exit %d, standard output %q", code, stdout)
			}
			if !strings.HasPrefix(stderr, "Error: ") || !strings.Contains(stderr, c.want) || !strings.Contains(stderr, "--help") {
				t.Errorf("standard error does not say %q:\n%s", c.want, stderr)
			}
		})
	}
}

func TestFailuresThatAreNotTheCommandLinesExit1(t *testing.T) {
	t.Parallel()
	keys, dir := keyFile(t), t.TempDir()
	busy := start(t, "--in-memory", "--api-key-file", keys)
	wide := filepath.Join(dir, "wide.key")
	if err := os.WriteFile(wide, make([]byte, 32), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(wide, 0o644); err != nil {
		t.Fatal(err)
	}
	cases := map[string]struct {
		args []string
		want string
	}{
		"no such key file":      {[]string{"serve", "--in-memory", "--api-key-file", filepath.Join(dir, "none")}, "no such file"},
		"a key file of nothing": {[]string{"serve", "--in-memory", "--api-key-file", write(t, "empty", "# none\n")}, "roomserver api-key >"},
		"a line that is no key": {[]string{"token", "--identity", "a", "--room", "r", "--api-key-file", write(t, "bad", "# 1\nma-hidden\n")}, "line 2"},
		"an address in use":     {[]string{"serve", "--in-memory", "--api-key-file", keys, "--listen", busy.address}, "--listen: listen tcp " + busy.address + ": bind: address already in use"},
		"a readable seal key":   {[]string{"serve", "--data", dir, "--seal-key-file", wide, "--api-key-file", keys}, "chmod 600"},
		"no such certificate":   {[]string{"serve", "--in-memory", "--api-key-file", keys, "--tls-cert", "none", "--tls-key", "none"}, "read TLS certificate"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			code, stdout, stderr := execute(t, c.args...)
			if code != exitFailure || stdout != "" || !strings.Contains(stderr, c.want) {
				t.Errorf("exit %d, standard output %q, standard error:\n%s", code, stdout, stderr)
			}
			if strings.Contains(stderr, "hidden") || strings.Contains(stderr, "--help") {
				t.Errorf("standard error:\n%s", stderr)
			}
		})
	}
}

func TestHelpExits0(t *testing.T) {
	t.Parallel()
	code, stdout, _ := execute(t, "serve", "--help")
	if code != exitOK || !strings.Contains(stdout, "--api-key-file") {
		t.Errorf("exit %d:\n%s", code, stdout)
	}
}

func TestAPIKeysAreNewEachTime(t *testing.T) {
	t.Parallel()
	_, one, _ := execute(t, "api-key")
	_, two, _ := execute(t, "api-key")
	if one == two {
		t.Error("the same key twice")
	}
	if _, err := token.ParseAPIKey(strings.TrimSpace(one)); err != nil {
		t.Error(err)
	}
}

func TestATokenSaysWhatTheFlagsSay(t *testing.T) {
	t.Parallel()
	keys := keyFile(t)
	plain, err := token.Decode(mint(t, keys))
	if err != nil {
		t.Fatal(err)
	}
	api, ok := plain.API()
	if plain.Name != "alice" || plain.Room() != "myroom" || !ok || api.Secrets == nil || api.Admin != nil {
		t.Errorf("claims %+v", plain)
	}
	if left := time.Until(plain.ExpiresAt); left < 59*time.Minute || left > time.Hour {
		t.Errorf("valid for %v", left)
	}
	admin, err := token.Decode(mint(t, keys, "--admin", "--ttl", "5m"))
	if err != nil {
		t.Fatal(err)
	}
	if api, _ := admin.API(); api.Admin == nil || time.Until(admin.ExpiresAt) > 5*time.Minute {
		t.Errorf("claims %+v", admin)
	}
}
