// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// begin sends a call and does not wait for its answer.
func (p *peer) begin(tool string, input protocol.Content) (id uint64) {
	p.t.Helper()
	data, err := protocol.PackInvoke(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: tool, Input: input})
	if err != nil {
		p.t.Fatal(err)
	}
	id = p.nextID
	p.nextID++
	if err := p.send(protocol.Message{ID: id, Type: protocol.TypeInvokeTool, Data: data}); err != nil {
		p.t.Fatalf("send: %v", err)
	}
	return id
}

// wanted is what asks for a secret.
func wanted(from *peer, more fields) fields {
	f := fields{"url": "secret://example", "type": "text/plain", "participant_id": from.me.ParticipantID, "timeout": 300, "delegate_to": nil}
	maps.Copy(f, more)
	return f
}

// asked reads the push that asks for a secret.
func (p *peer) asked() protocol.SecretRequestPush {
	p.t.Helper()
	var push protocol.SecretRequestPush
	p.header(protocol.TypeRequestSecret, &push)
	return push
}

func (p *peer) provide(requestID, value string) protocol.Content {
	p.t.Helper()
	headers := fields{"request_id": requestID, "error": nil}.json(p.t).Value
	return p.tool(protocol.ToolProvideSecret, protocol.Binary{Headers: headers, Data: []byte(value)})
}

func (p *peer) reject(requestID, reason string) protocol.Content {
	p.t.Helper()
	headers := fields{"request_id": requestID, "error": reason}.json(p.t).Value
	return p.tool(protocol.ToolProvideSecret, protocol.Binary{Headers: headers})
}

func TestARequestIsPushedAnsweredAndKept(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(human, fields{"delegate_to": "bob"}).json(t))
	push := human.asked()
	want := protocol.RequestSecret{
		URL: "secret://example", Type: "text/plain", ParticipantID: human.me.ParticipantID, Timeout: new(300), DelegateTo: new("bob"),
	}
	got, err := json.Marshal(push.Request)
	if err != nil {
		t.Fatal(err)
	}
	if expected, err := json.Marshal(want); err != nil || string(got) != string(expected) {
		t.Errorf("pushed %s, want %s", got, expected)
	}
	wantAsker(t, push.Asker, agent)
	wantEmpty(t, human.provide(push.RequestID, "the value"))
	wantFile(t, agent.answer(id), "secret://example", "text/plain", "the value")

	if listed := agent.listed(); len(listed) != 1 || !strings.HasSuffix(listed[0], "|bob|text/plain|secret://example") {
		t.Errorf("kept as %q", listed)
	}
	// The same again is answered without asking: the human hears nothing before the answer to the next question.
	again := wanted(human, fields{"delegate_to": "bob"})
	wantFile(t, agent.call(protocol.ToolRequestSecret, again), "secret://example", "text/plain", "the value")
	wantEmpty(t, agent.call(protocol.ToolDeleteRequestedSecret, fields{"url": "secret://example", "type": "text/plain", "delegated_to": "bob"}))
	if listed := agent.listed(); len(listed) != 0 {
		t.Errorf("still there: %q", listed)
	}
	id = agent.begin(protocol.ToolRequestSecret, again.json(t))
	second := human.asked()
	if second.RequestID == push.RequestID {
		t.Error("a request id was used twice")
	}
	wantEmpty(t, human.reject(second.RequestID, "cancelled"))
	wantRefusal(t, agent.answer(id), "cancelled")
	if listed := agent.listed(); len(listed) != 0 {
		t.Errorf("a refusal was kept: %q", listed)
	}
}

// wantAsker checks that a push names the connection that asks, and its identity.
func wantAsker(t *testing.T, got protocol.Asker, agent *peer) {
	t.Helper()
	if want := (protocol.Asker{FromParticipantID: agent.me.ParticipantID, FromParticipantName: "agent"}); got != want {
		t.Errorf("the push says %+v asks, want %+v", got, want)
	}
}

func wantRefusal(t *testing.T, got protocol.Content, text string) {
	t.Helper()
	if failure, ok := got.(protocol.Error); !ok || failure.Code != protocol.CodeOperationFailed || failure.Text != text {
		t.Errorf("got %+v, want error 1008 %q", got, text)
	}
}

func TestAnotherURLTypeOrDelegateIsAnotherRequest(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	for _, change := range []fields{nil, {"url": "secret://other"}, {"type": "git"}, {"delegate_to": "bob"}} {
		id := agent.begin(protocol.ToolRequestSecret, wanted(human, change).json(t))
		wantEmpty(t, human.provide(human.asked().RequestID, "v"))
		agent.answer(id)
	}
	if listed := agent.listed(); len(listed) != 4 {
		t.Errorf("kept %q", listed)
	}
	other := s.dial(t, "other", "myroom", plainGrant)
	id := other.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	wantEmpty(t, human.provide(human.asked().RequestID, "for other"))
	wantFile(t, other.answer(id), "secret://example", "text/plain", "for other")
}

func TestOnlyTheAskedIdentityAnswersAndFromAnyConnection(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent := s.dial(t, "agent", "myroom", adminGrant)
	here, there := s.dial(t, "human", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	stranger, elsewhere := s.dial(t, "stranger", "myroom", adminGrant), s.dial(t, "human", "other", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(here, nil).json(t))
	push := here.asked()
	if other := there.asked(); other.RequestID != push.RequestID {
		t.Error("the connections of an identity are asked different things")
	}
	unknown := stranger.provide("00000000-0000-4000-8000-000000000000", "x")
	for name, p := range map[string]*peer{"a stranger": stranger, "the asker": agent, "a namesake in another room": elsewhere} {
		got := p.provide(push.RequestID, "forged")
		wantError(t, got, protocol.CodeNotFound)
		if got != unknown {
			t.Errorf("%s can tell that the request exists", name)
		}
	}
	wantError(t, there.call(protocol.ToolProvideOAuthAuthorization, fields{"request_id": push.RequestID, "code": "c"}), protocol.CodeNotFound)
	wantEmpty(t, there.provide(push.RequestID, "mine"))
	wantFile(t, agent.answer(id), "secret://example", "text/plain", "mine")
	wantError(t, here.provide(push.RequestID, "late"), protocol.CodeNotFound)
}

func TestAnAnswerMayComeFromAConnectionMadeLater(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	push := human.asked()
	if err := human.socket.Close(); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, "roomserver_connections 1")
	wantEmpty(t, s.dial(t, "human", "myroom", plainGrant).provide(push.RequestID, "v"))
	wantFile(t, agent.answer(id), "secret://example", "text/plain", "v")
}

func TestRequestsThatCannotBeAsked(t *testing.T) {
	t.Parallel()
	s := serve(t)
	elsewhere, powerless := s.dial(t, "human", "other", plainGrant), s.dial(t, "human", "myroom", noAPIGrant)
	long := strings.Repeat("u", 513)
	for name, c := range map[string]struct {
		change fields
		want   protocol.Code
	}{
		"nobody":                     {fields{"participant_id": "nobody"}, protocol.CodeNotFound},
		"no participant":             {fields{"participant_id": ""}, protocol.CodeNotFound},
		"somebody in another room":   {fields{"participant_id": elsewhere.me.ParticipantID}, protocol.CodeNotFound},
		"somebody without the grant": {fields{"participant_id": powerless.me.ParticipantID}, protocol.CodeNotFound},
		"no url":                     {fields{"url": ""}, protocol.CodeInvalidRequest},
		"no type":                    {fields{"type": ""}, protocol.CodeInvalidRequest},
		"a url too long":             {fields{"url": long}, protocol.CodeInvalidRequest},
		"a participant too long":     {fields{"participant_id": long}, protocol.CodeInvalidRequest},
		"no time":                    {fields{"timeout": 0}, protocol.CodeInvalidRequest},
		"a timeout that is a text":   {fields{"timeout": "300"}, protocol.CodeInvalidRequest},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			agent := s.dial(t, "agent", "myroom", plainGrant)
			wantError(t, agent.call(protocol.ToolRequestSecret, wanted(elsewhere, c.change)), c.want)
		})
	}
	wantError(t, powerless.call(protocol.ToolRequestSecret, wanted(elsewhere, nil)), protocol.CodePermissionDenied)
}

func TestARequestTimesOut(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(human, fields{"timeout": 1}).json(t))
	push := human.asked()
	wantError(t, agent.answer(id), protocol.CodeTimeout)
	wantError(t, human.provide(push.RequestID, "late"), protocol.CodeNotFound)
}

// TestARequestDoesNotHoldUpOtherCalls also asks oneself, on one connection: the answer is a call like any other.
func TestARequestDoesNotHoldUpOtherCalls(t *testing.T) {
	t.Parallel()
	p := serve(t).dial(t, "agent", "myroom", plainGrant)
	id := p.begin(protocol.ToolRequestSecret, wanted(p, nil).json(t))
	push := p.asked()
	p.listed()
	provided := p.begin(protocol.ToolProvideSecret, protocol.Binary{
		Headers: fields{"request_id": push.RequestID, "error": nil}.json(t).Value, Data: []byte("v"),
	})
	answers := map[uint64]protocol.Content{}
	for range 2 {
		message := p.receive()
		content, err := protocol.UnpackContent(message.Data)
		if err != nil {
			t.Fatal(err)
		}
		answers[message.ID] = content
	}
	wantEmpty(t, answers[provided])
	wantFile(t, answers[id], "secret://example", "text/plain", "v")
}

func TestARequesterWhoLeavesIsForgotten(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Limits.MaxPendingEach = 1 })
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	push := human.asked()
	if err := agent.socket.Close(); err != nil {
		t.Fatal(err)
	}
	s.eventually(t, "roomserver_connections 1")
	wantError(t, human.provide(push.RequestID, "late"), protocol.CodeNotFound)
	agent = s.dial(t, "agent", "myroom", plainGrant)
	agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	human.asked() // its place was free again
}

func TestRequestsThatWaitAreLimited(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		change func(*roomserver.Limits)
		second string // who asks next
	}{
		"by one identity":   {func(l *roomserver.Limits) { l.MaxPendingEach = 1 }, "agent"},
		"on one connection": {func(l *roomserver.Limits) { l.MaxWaiting = 1 }, ""},
		"in all":            {func(l *roomserver.Limits) { l.MaxPending = 1 }, "other"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, func(config *roomserver.Config) { c.change(&config.Limits) })
			first, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
			id := first.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
			push, second := human.asked(), first
			if c.second != "" {
				second = s.dial(t, c.second, "myroom", plainGrant)
			}
			wantError(t, second.call(protocol.ToolRequestSecret, wanted(human, nil)), protocol.CodeOperationFailed)
			wantEmpty(t, human.provide(push.RequestID, "v"))
			first.answer(id)
			second.begin(protocol.ToolRequestSecret, wanted(human, fields{"url": "u2"}).json(t))
			human.asked()
		})
	}
}

func TestAnswersThatAreNoGoodLeaveTheRequestOpen(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	push := human.asked()
	wantError(t, human.call(protocol.ToolProvideSecret, fields{"request_id": push.RequestID}), protocol.CodeInvalidRequest)
	wantError(t, human.provide(push.RequestID, string(make([]byte, 4<<20-16<<10+1))), protocol.CodeInvalidRequest)
	wantEmpty(t, human.reject(push.RequestID, strings.Repeat("é", 400)))
	wantRefusal(t, agent.answer(id), strings.Repeat("é", 256))
	id = agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	wantEmpty(t, human.reject(human.asked().RequestID, ""))
	wantRefusal(t, agent.answer(id), "the request was rejected")
}

func TestTheServerClosesWhileRequestsWait(t *testing.T) {
	t.Parallel()
	s := serve(t)
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	human.asked()
	if err := s.stop(); err != nil {
		t.Error(err)
	}
	if code := agent.closed(); code != 1012 {
		t.Errorf("close code %d", code)
	}
}

func TestAFullStoreFailsARequest(t *testing.T) {
	t.Parallel()
	s := serve(t, func(c *roomserver.Config) { c.Store = store.NewMemory(200) })
	agent, human := s.dial(t, "agent", "myroom", plainGrant), s.dial(t, "human", "myroom", plainGrant)
	id := agent.begin(protocol.ToolRequestSecret, wanted(human, nil).json(t))
	wantEmpty(t, human.provide(human.asked().RequestID, "v"))
	wantRefusal(t, agent.answer(id), "the server's store is full")
}
