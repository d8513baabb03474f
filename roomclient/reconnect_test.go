// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestDelayIsFullJitterUnderAGrowingCap(t *testing.T) {
	t.Parallel()
	for attempt, want := range map[int]time.Duration{
		-1: 500 * time.Millisecond, 0: 500 * time.Millisecond, 1: time.Second, 2: 2 * time.Second, 3: 4 * time.Second,
		4: 8 * time.Second, 5: 16 * time.Second, 6: 30 * time.Second, 7: 30 * time.Second, 1 << 40: 30 * time.Second,
	} {
		for _, rnd := range []float64{0, 0.25, 0.5, 0.75} {
			if got := Delay(attempt, rnd); got != time.Duration(rnd*float64(want)) {
				t.Errorf("attempt %d with %v: got %v of %v", attempt, rnd, got, want)
			}
		}
	}
}

func TestSessionTriesAgainWithGrowingDelays(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := &Error{Op: "dial", Status: 503}
		d := &dialer{outcomes: []error{busy, busy, busy, nil}, config: serveInMemory(t, upgrading(t, obliging))}
		session, states := newSession(t, SessionConfig{Config: d.config, dial: d.dial})
		synctest.Wait()
		state := session.State()
		if state.Phase != PhaseWaiting || !errors.Is(state.Err, busy) || !state.RetryAt.Equal(time.Now().Add(250*time.Millisecond)) {
			t.Errorf("got %+v", state)
		}
		if err := session.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		states.want(t, "0s Waiting 1", "250ms Waiting 2", "750ms Waiting 3", "1.75s Connected 4")
		if err := session.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
			t.Error(err)
		}
		if state := session.State(); state.Err != nil || !state.RetryAt.IsZero() {
			t.Errorf("got %+v", state)
		}
	})
}

func TestSessionWaitsAsLongAsItIsAsked(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first := true
		config := serveInMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if first {
				first = false
				w.Header().Set("Retry-After", "90")
				w.WriteHeader(http.StatusTooManyRequests)
				return
			}
			upgrading(t, obliging).ServeHTTP(w, r)
		}))
		session, states := newSession(t, SessionConfig{Config: config})
		if err := session.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		states.want(t, "0s Waiting 1", "1m30.25s Connected 2")
	})
}

// dropping is a room that drops each connection after the time it is told.
func dropping(after <-chan time.Duration) func(*peer) {
	return func(p *peer) {
		p.begin()
		go func() {
			if d, ok := <-after; ok {
				<-time.After(d)
				p.drop()
			}
		}()
		p.answerAll(empty)
	}
}

func TestDelaysStartAnewAfterAStableMinute(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		lives := make(chan time.Duration, 3)
		for _, d := range []time.Duration{time.Second, time.Second, 2 * time.Minute} {
			lives <- d
		}
		close(lives)
		_, states := newSession(t, SessionConfig{Config: serveInMemory(t, upgrading(t, dropping(lives)))})
		<-time.After(5 * time.Minute)
		synctest.Wait()
		states.want(t,
			"0s Connected 1", "1s Waiting 1", // half of 500 ms
			"1.25s Connected 2", "2.25s Waiting 2", // half of 1 s
			"2.75s Connected 3", "2m2.75s Waiting 1", // half of 500 ms again
			"2m3s Connected 2",
		)
	})
}

func TestATerminalFailureWaitsForRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := &Error{Op: "dial", Kind: ErrUnauthorized, Status: 401, terminal: true}
		d := &dialer{outcomes: []error{refused, refused}, config: serveInMemory(t, upgrading(t, obliging))}
		session, states := newSession(t, SessionConfig{Config: d.config, dial: d.dial})
		<-time.After(24 * time.Hour)
		if n := d.attempts.Load(); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
		synctest.Wait()
		states.want(t, "0s Failed 1")
		session.Retry()
		synctest.Wait()
		states.want(t, "24h0m0s Failed 1")
		if state := session.State(); !errors.Is(state.Err, ErrUnauthorized) {
			t.Errorf("got %+v", state)
		}
		session.Retry()
		synctest.Wait()
		states.want(t, "24h0m0s Connected 1")
	})
}

func TestRetryReplacesConnectionAndWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var tokens []string
		issued := 0
		config := serveInMemory(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			tokens = append(tokens, r.URL.Query().Get("token"))
			if len(tokens) == 2 {
				w.WriteHeader(http.StatusBadGateway)
				return
			}
			upgrading(t, obliging).ServeHTTP(w, r)
		}))
		config.Token = func(context.Context) (string, error) {
			issued++
			return fmt.Sprint("token-", issued), nil
		}
		session, states := newSession(t, SessionConfig{Config: config})
		synctest.Wait()
		states.want(t, "0s Connected 1")
		session.Retry()
		synctest.Wait()
		states.want(t, "0s Waiting 1")
		session.Retry()
		synctest.Wait()
		states.want(t, "0s Connected 1")
		if diff := cmp.Diff([]string{"token-1", "token-2", "token-3"}, tokens); diff != "" {
			t.Errorf("tokens (-want +got):\n%s", diff)
		}
	})
}

func TestRetryInterruptsAnAttempt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		hanging := true
		config := serveInMemory(t, upgrading(t, func(p *peer) {
			if hanging {
				hanging = false
				_ = p.drain()
				return
			}
			obliging(p)
		}))
		session, _ := newSession(t, SessionConfig{Config: config})
		synctest.Wait()
		if state := session.State(); state.Phase != PhaseConnecting {
			t.Fatalf("got %+v", state)
		}
		began := time.Now()
		session.Retry()
		if err := session.Wait(t.Context()); err != nil || !time.Now().Equal(began) {
			t.Errorf("connected after %v, error %v", time.Since(began), err)
		}
	})
}

func TestSessionSurvivesARestartOfTheServer(t *testing.T) {
	t.Parallel()
	first, address := listenAndServe(t, "127.0.0.1:0", upgrading(t, obliging))
	key, err := token.NewAPIKey()
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var tokens []string
	sign := SignedToken(key, token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("myroom")}}, time.Hour)
	session, _ := newSession(t, SessionConfig{Config: Config{
		URL: "ws://" + address, Room: "myroom",
		Token: func(ctx context.Context) (string, error) {
			jwt, err := sign(ctx)
			mu.Lock()
			defer mu.Unlock()
			tokens = append(tokens, jwt)
			return jwt, err
		},
	}})
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := session.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	first()
	waitFor(ctx, t, session, func(s State) bool { return s.Phase != PhaseConnected })
	wantError(t, session.Secrets().DeleteSecret(ctx, "a", ""), ErrNotConnected)

	listenAndServe(t, address, upgrading(t, obliging))
	if err := session.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	if err := session.Secrets().DeleteSecret(ctx, "a", ""); err != nil {
		t.Errorf("after the restart: %v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(tokens) < 2 {
		t.Fatalf("%d tokens were asked for", len(tokens))
	}
	claims, err := token.Decode(tokens[len(tokens)-1])
	if left := time.Until(claims.ExpiresAt); err != nil || left < 59*time.Minute || left > time.Hour {
		t.Errorf("the last token expires in %v, error %v", left, err)
	}
}

// waitFor waits until the session is in a state of that kind.
func waitFor(ctx context.Context, t *testing.T, s *Session, kind func(State) bool) {
	t.Helper()
	for {
		state, changed := s.watch()
		if kind(state) {
			return
		}
		select {
		case <-changed:
		case <-ctx.Done():
			t.Fatalf("still %s", state.Phase)
		}
	}
}

// listenAndServe returns how to stop the server, connections included, and its address.
func listenAndServe(t *testing.T, address string, handler http.Handler) (stop func(), bound string) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	var conns []net.Conn
	server := &http.Server{Handler: handler, ConnState: func(conn net.Conn, state http.ConnState) {
		if state == http.StateHijacked {
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
		}
	}}
	var serving sync.WaitGroup
	serving.Go(func() { _ = server.Serve(listener) })
	stop = func() {
		_ = server.Close()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			_ = conn.Close()
		}
		serving.Wait()
	}
	t.Cleanup(stop)
	return stop, listener.Addr().String()
}
