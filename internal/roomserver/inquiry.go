// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// inquiries asks participants for what only they can give.
type inquiries struct {
	roster     *roster
	pending    *pending
	maxTimeout time.Duration
}

// inquiry is one question: whom to ask and for how long, the push that asks, and the tool that answers.
type inquiry struct {
	participantID string
	timeout       time.Duration
	push          string
	header        func(requestID string) any
	tool          string
}

// asker is what whoever is asked learns about who asks.
func (p participant) asker() protocol.Asker {
	return protocol.Asker{FromParticipantID: p.id, FromParticipantName: p.identity}
}

// ask pushes the question to every connection of the identity behind the participant id, and waits for an answer
// from any of them. Should they all leave, it goes on waiting: they may come back, with the request id in hand
// (room protocol, section 4.11).
func (q *inquiries) ask(ctx context.Context, call call, in inquiry) (redact.Bytes, error) {
	asked, ok := q.roster.identify(call.room, in.participantID)
	if !ok {
		return nil, notFound("no participant with that id can be asked")
	}
	r, err := q.pending.open(in.tool, call.person(), asked)
	if err != nil {
		return nil, err
	}
	defer q.pending.drop(r)
	call.about.request, call.about.asked = r.id, asked.identity
	data, err := protocol.Pack(in.header(r.id), nil)
	if err != nil {
		return nil, err
	}
	var pushes sync.WaitGroup
	defer pushes.Wait()
	telling, stop := context.WithCancel(ctx)
	defer stop() // a connection that takes its time need not hear of what has been answered
	for _, c := range q.roster.connections(asked) {
		pushes.Go(func() { c.push(telling, in.push, data) })
	}
	return q.pending.await(ctx, r, in.timeout)
}

// seconds reads the timeout of a request and bounds it.
func (q *inquiries) seconds(given *int) (time.Duration, error) {
	timeout := protocol.RequestTimeout(given)
	if timeout <= 0 {
		return 0, invalid("the timeout must be at least one second")
	}
	return min(timeout, q.maxTimeout), nil
}

// settle is the answering side: the tools that provide and reject.
func (q *inquiries) settle(call call, tool, requestID string, answer reply) (protocol.Content, error) {
	if uuid.Validate(requestID) == nil {
		call.about.request = requestID
	}
	if err := q.pending.settle(requestID, tool, call.person(), answer); err != nil {
		return nil, err
	}
	return protocol.Empty{}, nil
}
