// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
)

// scenario is a server that does what the name of a recorded case says.
func scenario(t *testing.T, name string) Config {
	t.Helper()
	words := strings.FieldsFunc(name, func(r rune) bool { return r == ' ' || r == ',' })
	if words[0] == "handshake" {
		status, err := strconv.Atoi(words[1])
		if err != nil {
			t.Fatal(err)
		}
		return refuse(t, status)
	}
	code := 0 // a drop
	if words[0] == "close" {
		var err error
		if code, err = strconv.Atoi(words[1]); err != nil {
			t.Fatal(err)
		}
	}
	afterReady := strings.Contains(name, "after ready")
	return serve(t, func(p *peer) {
		if afterReady {
			p.begin()
		}
		if code == 0 {
			p.drop()
			return
		}
		p.close(code, "why")
	})
}

// refuse answers every upgrade with the status.
func refuse(t *testing.T, status int) Config {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, http.StatusText(status), status)
	}))
	t.Cleanup(server.Close)
	return Config{URL: server.URL, Room: "myroom", Token: StaticToken(testToken)}
}
