// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package loopback_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/loopback"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

type answer struct {
	code redact.Bytes
	err  error
}

// receive listens at http://<address>/callback for the state "s".
func receive(t *testing.T, address string) chan answer {
	t.Helper()
	receiver, err := loopback.Listen(t.Context(), "http://"+address+"/callback")
	if err != nil {
		t.Fatal(err)
	}
	answers := make(chan answer, 1)
	go func() {
		code, err := receiver.Code(t.Context(), "s")
		answers <- answer{code, err}
	}()
	return answers
}

func get(t *testing.T, address string) (int, string) {
	t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	response, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestOnlyTheAnswerWithTheStateCounts(t *testing.T) {
	t.Parallel()
	address := freeAddress(t)
	answers := receive(t, address)
	for _, path := range []string{"/callback?code=stolen&state=guess", "/callback?code=stolen", "/callback?error=x&state=", "/callback"} {
		if status, _ := get(t, "http://"+address+path); status != http.StatusBadRequest {
			t.Errorf("%s: status %d", path, status)
		}
	}
	if status, _ := get(t, "http://"+address+"/other?code=c&state=s"); status != http.StatusNotFound {
		t.Errorf("another path: status %d", status)
	}
	status, text := get(t, "http://"+address+"/callback?code=c&state=s")
	if status != http.StatusOK || !strings.HasPrefix(text, "Done.") {
		t.Errorf("status %d: %s", status, text)
	}
	if got := <-answers; string(got.code) != "c" || got.err != nil {
		t.Errorf("%q, %v", string(got.code), got.err)
	}
}

func TestARefusalIsAnAnswer(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"error=access_denied&state=s":                     "access_denied",
		"error=" + strings.Repeat("x", 1000) + "&state=s": strings.Repeat("x", 200),
		"state=s": "no code",
	} {
		address := freeAddress(t)
		answers := receive(t, address)
		if _, text := get(t, "http://"+address+"/callback?"+query); !strings.HasPrefix(text, "Nothing was authorized.") {
			t.Errorf("%s: %s", query, text)
		}
		denied, ok := errors.AsType[*loopback.DeniedError]((<-answers).err)
		if !ok || denied.Code != want {
			t.Errorf("%s: %v", query, denied)
		}
	}
}

func TestListeningEndsWithTheContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	address := freeAddress(t)
	receiver, err := loopback.Listen(ctx, "http://"+address)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if _, err := receiver.Code(ctx, "s"); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	again, err := loopback.Listen(t.Context(), "http://"+address)
	if err != nil {
		t.Fatalf("the address is still in use: %v", err)
	}
	again.Close()
}

func TestNobodyElsesAddressIsListenedAt(t *testing.T) {
	t.Parallel()
	for _, uri := range []string{"https://127.0.0.1:1/", "http://example.com/", "http://0.0.0.0:1/", "http://192.0.2.1:1/", "ftp://localhost/", "%", ""} {
		if _, err := loopback.Listen(t.Context(), uri); !errors.Is(err, loopback.ErrElsewhere) {
			t.Errorf("%s: %v", uri, err)
		}
	}
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	if _, err := loopback.Listen(t.Context(), "http://"+busy.Addr().String()); err == nil || errors.Is(err, loopback.ErrElsewhere) {
		t.Errorf("a busy address: %v", err)
	}
}

func TestStatesCannotBeGuessed(t *testing.T) {
	t.Parallel()
	if one, two := loopback.NewState(), loopback.NewState(); one == two || len(one) < 32 {
		t.Errorf("%q and %q", one, two)
	}
}
