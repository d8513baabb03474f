// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

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
