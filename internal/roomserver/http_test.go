// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

func (s *service) get(t *testing.T, path string, header http.Header) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+s.address+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	request.Header = header
	request.Close = true
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// eventually waits until /metrics has the line.
func (s *service) eventually(t *testing.T, line string) {
	t.Helper()
	gomega.NewWithT(t).Eventually(func() string {
		_, body := s.get(t, "/metrics", nil)
		return body
	}, patience).Should(gomega.ContainSubstring("\n" + line + "\n"))
}

func TestProbes(t *testing.T) {
	t.Parallel()
	rows := store.NewMemory(0)
	s := serve(t, func(c *roomserver.Config) { c.Store = rows })
	for _, path := range []string{"/healthz", "/readyz"} {
		if status, body := s.get(t, path, nil); status != http.StatusOK {
			t.Errorf("%s: %d %q", path, status, body)
		}
	}
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if status, _ := s.get(t, "/healthz", nil); status != http.StatusOK {
		t.Errorf("/healthz without a store: %d", status)
	}
	if status, body := s.get(t, "/readyz", nil); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz without a store: %d %q", status, body)
	}
}

func TestRequestsThatAreNoUpgrade(t *testing.T) {
	t.Parallel()
	s := serve(t)
	bearer := http.Header{"Authorization": {"Bearer " + s.token(t, "alice", "myroom", plainGrant)}}
	if status, _ := s.get(t, "/rooms/myroom", bearer); status != http.StatusBadRequest {
		t.Errorf("a plain GET with a token: %d", status)
	}
	if status, _ := s.get(t, "/rooms/myroom", nil); status != http.StatusUnauthorized {
		t.Errorf("a plain GET without: %d", status)
	}
	if status, _ := s.get(t, "/rooms/", bearer); status != http.StatusNotFound {
		t.Errorf("no room: %d", status)
	}
	if status, _ := s.get(t, "/", nil); status != http.StatusNotFound {
		t.Errorf("nothing there: %d", status)
	}
}

func TestMetricsCountRequestsByToolAndCode(t *testing.T) {
	t.Parallel()
	s := serve(t)
	p := s.dial(t, "alice", "myroom", plainGrant)
	p.listed()
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "v"))
	wantError(t, p.set(fields{"secret_id": "s", "for_identity": "bob"}, "v"), protocol.CodePermissionDenied)
	wantError(t, p.call("injected\"label\n", fields{}), protocol.CodeNotFound)
	wantError(t, p.ask("also injected", nil), protocol.CodeInvalidRequest)
	handshake(t, s.roomURL("myroom", ""), nil)
	for _, line := range []string{
		`roomserver_connections 1`,
		`roomserver_requests_total{code="ok",tool="list_secrets"} 1`,
		`roomserver_requests_total{code="ok",tool="set_secret"} 1`,
		`roomserver_requests_total{code="1001",tool="set_secret"} 1`,
		`roomserver_requests_total{code="1003",tool="unknown"} 1`,
		`roomserver_requests_total{code="1002",tool="unknown"} 1`,
		`roomserver_request_duration_seconds_count{tool="set_secret"} 2`,
		`roomserver_handshakes_total{status="101"} 1`,
		`roomserver_handshakes_total{status="401"} 1`,
		`roomserver_message_size_bytes_count{direction="received"} 5`,
		`roomserver_message_size_bytes_count{direction="sent"} 7`,
	} {
		s.eventually(t, line)
	}
	if _, body := s.get(t, "/metrics", nil); strings.Contains(body, "injected") || strings.Contains(body, "alice") {
		t.Error("a label comes from a client")
	}
}

// locked is a buffer that a logger and a test may use at the same time.
type locked struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

func TestTheLogHoldsNoValueTokenOrQuery(t *testing.T) {
	t.Parallel()
	var log locked
	s := serve(t, func(c *roomserver.Config) {
		c.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	jwt := s.token(t, "alice", "myroom", plainGrant)
	p := s.dial(t, "alice", "myroom", plainGrant)
	wantEmpty(t, p.set(fields{"secret_id": "s"}, "hidden value"))
	wantError(t, p.set(fields{"secret_id": "", "name": "hidden name"}, "hidden value"), protocol.CodeInvalidRequest)
	handshake(t, s.roomURL("other", jwt), nil)
	handshake(t, s.roomURL("myroom", "hidden-token"), nil)
	handshake(t, s.roomURL("myroom", ""), http.Header{"Authorization": {"Bearer hidden-token"}}, "meshagent-room.hidden-token")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	text := log.String()
	for _, want := range []string{"participant joined", "participant left", "identity=alice", "refused a client"} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q:\n%s", want, text)
		}
	}
	for _, never := range []string{"hidden", jwt, "token=", string(s.key.Secret)} {
		if strings.Contains(text, never) {
			t.Errorf("the log holds %q:\n%s", never, text)
		}
	}
}
