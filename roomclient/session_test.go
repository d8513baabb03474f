// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
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

// half is jitter that tests can calculate with.
func half() float64 { return 0.5 }

// newSession starts a session that ends with the test, and records its states.
func newSession(t *testing.T, config SessionConfig) (*Session, *history) {
	t.Helper()
	h := &history{began: time.Now()}
	config.OnChange = h.add
	config.rnd = half
	session, err := NewSession(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = session.Close() })
	return session, h
}

// history is what OnChange was told, as text: time since the beginning, phase, attempt.
// Connecting is left out: it may last no time at all and then may go unseen.
type history struct {
	mu    sync.Mutex
	began time.Time
	lines []string
}

func (h *history) add(s State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.Phase == PhaseConnecting {
		return
	}
	h.lines = append(h.lines, fmt.Sprintf("%v %s %d", s.Since.Sub(h.began), s.Phase, s.Attempt))
}

func (h *history) want(t *testing.T, want ...string) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	if diff := cmp.Diff(want, h.lines); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	h.lines = nil
}

// dialer plays the outcomes of attempts in turn: an error, or nil for a connection.
type dialer struct {
	outcomes []error
	attempts atomic.Int64
	config   Config
}

func (d *dialer) dial(ctx context.Context, _ Config) (*Conn, error) {
	n := int(d.attempts.Add(1)) - 1
	if n < len(d.outcomes) && d.outcomes[n] != nil {
		return nil, d.outcomes[n]
	}
	return Dial(ctx, d.config)
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

func TestCallsWithoutAConnectionFailAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		refused := &Error{Op: "dial", Kind: ErrForbidden, Status: 403, terminal: true}
		d := &dialer{outcomes: []error{&Error{Op: "dial", Status: 503}, refused}, config: serveInMemory(t, upgrading(t, obliging))}
		session, _ := newSession(t, SessionConfig{Config: d.config, dial: d.dial})
		synctest.Wait()
		began := time.Now()
		err := session.Secrets().DeleteSecret(t.Context(), "a", "")
		if e := judge(t, err, ErrNotConnected); e.Terminal() || e.Op != "secrets.delete_secret" {
			t.Errorf("while waiting: %+v", *e)
		}
		if !time.Now().Equal(began) {
			t.Error("the call waited")
		}
		if err := session.Wait(t.Context()); !errors.Is(err, ErrForbidden) || !errors.Is(err, ErrNotConnected) || !IsTerminal(err) {
			t.Errorf("waiting ended with %v", err)
		}
		_, err = session.Secrets().GetSecret(t.Context(), SecretQuery{ID: "a"})
		if e := judge(t, err, ErrForbidden); !errors.Is(err, ErrNotConnected) || !e.Terminal() || errors.Is(err, ErrNotFound) {
			t.Errorf("after the failure: %v", err)
		}
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

func TestCloseEndsASessionInEveryPhase(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		handler func(*testing.T) http.Handler
		phase   Phase
	}{
		"connected":  {func(t *testing.T) http.Handler { return upgrading(t, obliging) }, PhaseConnected},
		"connecting": {func(t *testing.T) http.Handler { return upgrading(t, func(p *peer) { _ = p.drain() }) }, PhaseConnecting},
		"waiting":    {func(*testing.T) http.Handler { return status(500) }, PhaseWaiting},
		"failed":     {func(*testing.T) http.Handler { return status(423) }, PhaseFailed},
	} {
		for _, how := range []string{"Close", "the context"} {
			t.Run(name+" by "+how, func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) {
					var last atomic.Value
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					session, err := NewSession(ctx, SessionConfig{
						Config: serveInMemory(t, c.handler(t)), rnd: half,
						OnChange: func(s State) { last.Store(s.Phase) },
					})
					if err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
					if phase := session.State().Phase; phase != c.phase {
						t.Fatalf("phase is %s, want %s", phase, c.phase)
					}
					if how == "Close" {
						_ = session.Close()
					} else {
						cancel()
						<-session.Done()
					}
					_ = session.Close()
					if state := session.State(); state.Phase != PhaseClosed || state.Err != nil || last.Load() != PhaseClosed {
						t.Errorf("got %+v, OnChange was told %v", state, last.Load())
					}
					wantError(t, session.Secrets().DeleteSecret(context.WithoutCancel(ctx), "a", ""), ErrNotConnected)
					wantError(t, session.Wait(context.WithoutCancel(ctx)), ErrNotConnected)
				})
			})
		}
	}
}

func status(code int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) })
}

func TestASlowObserverDoesNotHoldTheSessionUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := &Error{Op: "dial", Status: 503}
		d := &dialer{outcomes: []error{busy, busy, busy}, config: serveInMemory(t, upgrading(t, obliging))}
		var seen []Phase
		session, err := NewSession(t.Context(), SessionConfig{
			Config: d.config, dial: d.dial, rnd: half,
			OnChange: func(s State) {
				seen = append(seen, s.Phase)
				<-time.After(time.Minute)
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n := d.attempts.Load(); n != 4 {
			t.Errorf("%d attempts while the observer was busy, want 4", n)
		}
		_ = session.Close()
		if len(seen) != 2 || seen[1] != PhaseClosed {
			t.Errorf("seen %v, want one state and that it is closed", seen)
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		session, _ := newSession(t, SessionConfig{Config: serveInMemory(t, status(503))})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		err := session.Wait(ctx)
		e := judge(t, err, context.DeadlineExceeded)
		if !errors.Is(err, ErrNotConnected) || e.Terminal() || !strings.Contains(err.Error(), "status 503") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
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

func TestASessionIsAnInvoker(t *testing.T) {
	t.Parallel()
	session, _ := newSession(t, SessionConfig{Config: serve(t, func(p *peer) {
		p.begin()
		p.answerAll(func(call protocol.Invoke) protocol.Content {
			return protocol.Text{Text: call.Toolkit + "/" + call.Tool}
		})
	})})
	if err := session.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	answer, err := session.Invoke(t.Context(), protocol.Invoke{Toolkit: "t", Tool: "u"})
	if err != nil || answer != (protocol.Text{Text: "t/u"}) {
		t.Errorf("got %v and error %v", answer, err)
	}
}
