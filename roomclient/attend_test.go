// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// telling is a room that answers calls of the messaging toolkit with the contents, one after the other and then the
// last one again, and tells who is there with each answer that is no error.
func telling(lists bool, contents ...protocol.Content) func(*peer) {
	return func(p *peer) {
		p.begin()
		p.answerAll(func(call protocol.Invoke) protocol.Content {
			if call.Toolkit != protocol.MessagingToolkit {
				return protocol.Empty{}
			}
			content := contents[0]
			contents = contents[min(1, len(contents)-1):]
			if _, refused := content.(protocol.Error); !refused && lists {
				p.sendHeader(protocol.TypeMessagingSend, map[string]any{
					"type": protocol.MessagingEnabled, "message": map[string]any{"participants": []any{map[string]any{"id": "7"}}},
				})
			}
			return content
		})
	}
}

func TestAFailureToAttendThatMayPassIsTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		busy := protocol.Error{Text: "busy", Code: protocol.CodeOperationFailed}
		config := serveInMemory(t, upgrading(t, telling(true, busy, busy, protocol.Empty{})))
		var calls atomic.Int32
		session, err := NewSession(t.Context(), SessionConfig{
			Config: config, OnParticipants: func() { calls.Add(1) }, rnd: func() float64 { return 0.5 },
		})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = session.Close() }()
		session.Attend()
		synctest.Wait()
		if e, ok := errors.AsType[*Error](session.AttendErr()); !ok || e.Text != "busy" || len(session.Participants()) != 0 || calls.Load() != 1 {
			t.Errorf("after a failure: %v, %v, %d calls", session.AttendErr(), session.Participants(), calls.Load())
		}
		<-time.After(750*time.Millisecond + time.Nanosecond)
		synctest.Wait()
		if session.AttendErr() != nil || len(session.Participants()) != 1 {
			t.Errorf("after the third attempt: %v, %v", session.AttendErr(), session.Participants())
		}
	})
}

func TestARoomWithoutMessagingIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := serveInMemory(t, upgrading(t, telling(true, protocol.Error{Text: "unknown toolkit", Code: protocol.CodeNotFound}, protocol.Empty{})))
		session, err := NewSession(t.Context(), SessionConfig{Config: config})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = session.Close() }()
		session.Attend()
		<-time.After(time.Minute)
		if !errors.Is(session.AttendErr(), ErrUnsupported) || len(session.Participants()) != 0 {
			t.Errorf("got %v, %v", session.AttendErr(), session.Participants())
		}
		if err := session.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
			t.Error(err)
		}
	})
}

func TestARoomThatNeverTellsWhoIsThereIsNotAttended(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		conn := dial(t, serveInMemory(t, upgrading(t, telling(false, protocol.Empty{}))))
		began := time.Now()
		if err := conn.Attend(t.Context()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) != 30*time.Second {
			t.Errorf("got %v after %v", err, time.Since(began))
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := conn.Attend(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		time.AfterFunc(time.Second, func() { _ = conn.Close() })
		if err := conn.Attend(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("got %v", err)
		}
	})
}
