// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Attend makes this participant known to those who have done the same, and keeps from then on
// the list of them. It returns when the list is there. It fails without harm to the connection
// when the room has no such thing, or the token does not grant messaging; the list stays empty
// then.
func (c *Conn) Attend(ctx context.Context) error {
	c.others.attend()
	err := c.attend(ctx)
	c.others.settle(err)
	return err
}

func (c *Conn) attend(ctx context.Context) error {
	call := protocol.Invoke{Toolkit: protocol.MessagingToolkit, Tool: protocol.ToolEnable, Input: protocol.Object(&struct{}{})}
	if _, err := c.Invoke(ctx, call); err != nil {
		return err
	}
	const op = protocol.MessagingToolkit + "." + protocol.ToolEnable
	timer := time.NewTimer(c.config.RequestTimeout)
	defer timer.Stop()
	select {
	case <-c.others.listed:
		return nil
	case <-timer.C:
		return callError(op, context.DeadlineExceeded)
	case <-ctx.Done():
		return interrupted(ctx, op)
	case <-c.ending:
		return callError(op, c.err)
	}
}

// Unattend makes this participant unknown to the others again, and forgets about them. Ending
// the connection does so, too, but nobody knows when the others hear of that.
func (c *Conn) Unattend(ctx context.Context) {
	call := protocol.Invoke{Toolkit: protocol.MessagingToolkit, Tool: protocol.ToolDisable, Input: protocol.Object(&struct{}{})}
	if _, err := c.Invoke(ctx, call); err != nil {
		c.log.Debug("the room did not let us stop attending", "error", err)
	}
	c.others.leave()
}

// Participants returns the others who have made themselves known in the room, by id. It is
// empty unless [Conn.Attend] has succeeded, and once the connection has ended.
func (c *Conn) Participants() []Participant {
	if c.Err() != nil {
		return nil
	}
	return c.others.list()
}

// FindParticipant returns the one of [Conn.Participants] that the selector means: the one with
// that id, or else with that name. Of several with the name it is the first by id, because
// nobody can tell which of them is the newest; on the wire each stands for the same identity.
func (c *Conn) FindParticipant(selector string) (Participant, bool) {
	if c.Err() != nil {
		return Participant{}, false
	}
	return c.others.find(selector)
}

// participantsTold takes up what the room tells of others.
func (c *Conn) participantsTold(msg protocol.Message) {
	var push protocol.MessagingSend
	if protocol.UnpackHeader(msg.Data, &push) != nil || !c.others.take(c.startup.participantID, push) {
		c.log.Debug("ignored a message about participants, or from one")
	}
}

// Attend makes this session attend the room, on its connection and on every later one: see
// [Conn.Attend]. It returns at once. A room that refuses is asked again on the next
// connection, and AttendErr says why; a failure that is not for good is tried again before.
func (s *Session) Attend() { s.attendOnce.Do(func() { close(s.attend) }) }

// AttendErr says why the session does not attend the room that it is connected to: the room
// has refused, or has failed and is asked again. It is nil while the session attends, before
// there is an answer, and while it is not connected.
func (s *Session) AttendErr() error {
	if conn := s.connected(); conn != nil {
		return conn.others.failure()
	}
	return nil
}

// ParticipantID is the id by which others know the present connection; "" without one.
func (s *Session) ParticipantID() string {
	if conn := s.connected(); conn != nil {
		return conn.ParticipantID()
	}
	return ""
}

// Participants returns the others who have made themselves known in the room, by id: see
// [Conn.Participants]. It is empty while the session does not attend or is not connected.
func (s *Session) Participants() []Participant {
	if conn := s.connected(); conn != nil {
		return conn.Participants()
	}
	return nil
}

// FindParticipant returns the one of [Session.Participants] that the selector means: see
// [Conn.FindParticipant].
func (s *Session) FindParticipant(selector string) (Participant, bool) {
	if conn := s.connected(); conn != nil {
		return conn.FindParticipant(selector)
	}
	return Participant{}, false
}

// attendOn attends with a connection, until that succeeds, is refused for good, or ctx is done.
func (s *Session) attendOn(ctx context.Context, conn *Conn) {
	for attempt := 0; ; attempt++ {
		err := conn.Attend(ctx)
		if err == nil || IsTerminal(err) {
			return
		}
		timer := time.NewTimer(Delay(attempt, s.config.rnd()) + askedDelay(err))
		select {
		case <-timer.C:
		case <-conn.ending:
			timer.Stop()
			return
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}

// moved has OnParticipants called.
func (s *Session) moved() {
	select {
	case s.moves <- struct{}{}:
	default: // it is going to be
	}
}

// notifyParticipants calls OnParticipants for the changes until ctx is done.
func (s *Session) notifyParticipants(ctx context.Context) {
	for {
		select {
		case <-s.moves:
			s.config.OnParticipants()
		case <-ctx.Done():
			return
		}
	}
}
