// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// recordedPush is what an SDK was sent, and what its handler got.
type recordedPush struct {
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Header    json.RawMessage `json:"header"`
	FramesHex []string        `json:"frames_hex"`
	Received  json.RawMessage `json:"handler_received"`
}

// shown is what our handlers get, in the words of either SDK.
type shown struct {
	RequestID             string   `json:"request_id"`
	URL                   string   `json:"url"`
	Type                  string   `json:"type"`
	DelegateTo            string   `json:"delegate_to"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	Challenge             string   `json:"challenge"`
	Scopes                []string `json:"scopes"`
	ClientID              string   `json:"client_id"`
}

// inWords turns camel case into the other SDK's words.
func inWords(t *testing.T, received json.RawMessage) (want shown) {
	t.Helper()
	text := string(received)
	for camel, snake := range map[string]string{
		"requestId": "request_id", "delegateTo": "delegate_to", "clientId": "client_id",
		"authorizationEndpoint": "authorization_endpoint", "tokenEndpoint": "token_endpoint",
	} {
		text = strings.ReplaceAll(text, camel, snake)
	}
	if err := json.Unmarshal([]byte(text), &want); err != nil {
		t.Fatal(err)
	}
	return want
}

// showing is a config whose handlers report what they get.
func showing(config Config, requests chan<- shown) Config {
	config.OnSecretRequest = func(_ context.Context, r PendingSecretRequest) {
		requests <- shown{RequestID: r.ID, URL: r.URL, Type: r.Type, DelegateTo: r.DelegateTo}
	}
	config.OnOAuthRequest = func(_ context.Context, r PendingOAuthRequest) {
		requests <- shown{
			RequestID: r.ID, AuthorizationEndpoint: r.Client.AuthorizationEndpoint, TokenEndpoint: r.Client.TokenEndpoint,
			Challenge: r.Challenge, Scopes: r.Client.Scopes, ClientID: r.Client.ID,
		}
	}
	return config
}

// TestRecordedPushesReachTheHandlers plays what the SDKs were sent. Where Python refuses a
// push because a member is missing or too much that nobody needs, we go on, as TypeScript
// does.
func TestRecordedPushesReachTheHandlers(t *testing.T) {
	t.Parallel()
	lenient := map[string]shown{
		"oauth challenge key missing":                   {RequestID: "req-1", AuthorizationEndpoint: "https://a", TokenEndpoint: "https://t", ClientID: "c"},
		"oauth without redirect_uri and participant_id": {RequestID: "req-1", AuthorizationEndpoint: "https://a", TokenEndpoint: "https://t", ClientID: "c"},
		"oauth unknown key in oauth":                    {RequestID: "req-1", AuthorizationEndpoint: "https://a", TokenEndpoint: "https://t", ClientID: "c"},
		"secret without participant_id":                 {RequestID: "req-3", URL: "secret://example", Type: "git"},
	}
	for file, count := range map[string]int{"session.json": 4, "python.json": 6} {
		var recorded struct {
			Pushes []recordedPush `json:"pushes"`
		}
		golden(t, file, &recorded)
		if len(recorded.Pushes) != count {
			t.Errorf("%s has %d pushes, want %d", file, len(recorded.Pushes), count)
		}
		for _, p := range recorded.Pushes {
			t.Run(file+" "+p.Name, func(t *testing.T) {
				t.Parallel()
				requests := make(chan shown, 1)
				dial(t, showing(serve(t, func(peer *peer) {
					peer.begin()
					if p.FramesHex != nil {
						peer.play(p.FramesHex, nil)
					} else {
						peer.sendHeader(p.Type, p.Header)
					}
					_ = peer.drain()
				}), requests))
				want, ok := lenient[p.Name]
				if !ok {
					want = inWords(t, p.Received)
				}
				if p.Name == "oauth" { // Python's handler does not get it
					want.ClientID = "c"
				}
				if diff := cmp.Diff(want, received(t, "request", requests)); diff != "" {
					t.Errorf("the handler got (-want +got):\n%s", diff)
				}
			})
		}
	}
}

// asking is a room that asks and then answers every call with nothing.
func asking(pushes ...protocol.SecretRequestPush) func(*peer) {
	return func(p *peer) {
		p.begin()
		for _, push := range pushes {
			p.sendHeader(protocol.TypeRequestSecret, push)
		}
		p.answerAll(empty)
	}
}

func secretPush(id string, seconds int) protocol.SecretRequestPush {
	return protocol.SecretRequestPush{RequestID: id, Request: protocol.RequestSecret{URL: "u", Type: "t", Timeout: &seconds}}
}

func TestAHandlerAnswersOverTheConnectionThatAsked(t *testing.T) {
	t.Parallel()
	calls := make(chan protocol.Invoke, 4)
	config := serve(t, func(p *peer) {
		p.begin()
		for _, id := range []string{"yes", "no"} {
			p.sendHeader(protocol.TypeRequestSecret, secretPush(id, 30))
			p.sendHeader(protocol.TypeRequestOAuthToken, protocol.OAuthRequestPush{RequestID: "oauth-" + id, Request: protocol.RequestOAuthToken{
				OAuth: &protocol.OAuthClientConfig{AuthorizationEndpoint: new("https://a"), TokenEndpoint: new("https://t")},
			}})
		}
		p.answerAll(func(call protocol.Invoke) protocol.Content {
			calls <- call
			return protocol.Empty{}
		})
	})
	failures := make(chan error, 4)
	config.OnSecretRequest = func(ctx context.Context, r PendingSecretRequest) {
		if r.ID == "no" {
			failures <- r.Reject(ctx, "declined")
			return
		}
		failures <- r.Provide(ctx, Bytes("value"))
	}
	config.OnOAuthRequest = func(ctx context.Context, r PendingOAuthRequest) {
		if r.ID == "oauth-no" {
			failures <- r.Reject(ctx, "declined")
			return
		}
		failures <- r.Provide(ctx, Bytes("code"))
	}
	dial(t, config)
	got := map[string]string{}
	for range 4 {
		if err := received(t, "answer", failures); err != nil {
			t.Error(err)
		}
		call := received(t, "call", calls)
		switch input := call.Input.(type) {
		case protocol.Binary:
			got[string(input.Headers)] = call.Tool + " " + string(input.Data)
		case protocol.JSON:
			got[string(input.Value)] = call.Tool
		default:
			t.Errorf("got a call with %T", input)
		}
	}
	want := map[string]string{
		`{"request_id":"yes","error":null}`:                        "provide_secret value",
		`{"request_id":"no","error":"declined"}`:                   "provide_secret ",
		`{"request_id":"oauth-yes","code":"code","error":null}`:    "provide_oauth_authorization",
		`{"request_id":"oauth-no","code":null,"error":"declined"}`: "provide_oauth_authorization",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
}

func TestARequestIsHandledOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := serveInMemory(t, upgrading(t, asking(secretPush("a", 30), secretPush("a", 30), secretPush("b", 30), secretPush("a", 30))))
		requests := make(chan shown, 10)
		dial(t, showing(config, requests))
		synctest.Wait()
		close(requests)
		ids := map[string]int{}
		for r := range requests {
			ids[r.RequestID]++
		}
		if diff := cmp.Diff(map[string]int{"a": 1, "b": 1}, ids); diff != "" {
			t.Errorf("handled (-want +got):\n%s", diff)
		}
	})
}

func TestHandlersAreBoundedAndNeverHoldTheReaderUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		pushes := []protocol.SecretRequestPush{}
		for i := range 10 {
			pushes = append(pushes, secretPush(fmt.Sprint("r", i), 60))
		}
		config := serveInMemory(t, upgrading(t, asking(pushes...)))
		running := make(chan string, 10)
		config.MaxHandlers = 3
		config.OnSecretRequest = func(ctx context.Context, r PendingSecretRequest) {
			running <- r.ID
			<-ctx.Done()
		}
		conn := dial(t, config)
		synctest.Wait()
		if len(running) != 3 {
			t.Errorf("%d handlers run, want 3", len(running))
		}
		if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
			t.Errorf("a call beside busy handlers: %v", err)
		}
	})
}

func TestAHandlerEndsWithTheRequestOrTheConnection(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		seconds int
		want    error
		after   time.Duration
	}{
		"with the request":    {30, context.DeadlineExceeded, 30 * time.Second},
		"with the connection": {3000, context.Canceled, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				config := serveInMemory(t, upgrading(t, asking(secretPush("a", c.seconds))))
				ended := make(chan error, 1)
				config.OnSecretRequest = func(ctx context.Context, _ PendingSecretRequest) {
					<-ctx.Done()
					ended <- ctx.Err()
				}
				began := time.Now()
				conn := dial(t, config)
				time.AfterFunc(time.Minute, func() { _ = conn.Close() })
				if err := <-ended; !errors.Is(err, c.want) || time.Since(began) != c.after {
					t.Errorf("ended with %v after %v, want %v after %v", err, time.Since(began), c.want, c.after)
				}
				<-conn.Done()
			})
		})
	}
}

func TestTheAskerIsKnownWhenTheServiceSaysSo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says protocol.Asker
		want Participant
	}{
		"it does not":        {},
		"it does":            {protocol.Asker{FromParticipantID: "7", FromParticipantName: "agent"}, Participant{ID: "7", Name: "agent"}},
		"the name is a book": {protocol.Asker{FromParticipantID: "7", FromParticipantName: strings.Repeat("n", 513)}, Participant{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			push := secretPush("a", 30)
			push.Asker = c.says
			config := serve(t, asking(push))
			askers := make(chan Participant, 1)
			config.OnSecretRequest = func(_ context.Context, r PendingSecretRequest) { askers <- r.Asker }
			dial(t, config)
			if got := received(t, "request", askers); got != c.want {
				t.Errorf("asked by %+v, want %+v", got, c.want)
			}
		})
	}
}

func TestRequestsThatNobodyCanAnswerAreIgnored(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		config := serveInMemory(t, upgrading(t, func(p *peer) {
			p.begin()
			p.sendHeader(protocol.TypeRequestOAuthToken, map[string]any{"request_id": "no handler"})
			p.sendHeader(protocol.TypeRequestSecret, map[string]any{"request_id": "hunter2"})
			p.sendHeader(protocol.TypeRequestSecret, secretPush(strings.Repeat("hunter2", 100), 1))
			p.send(protocol.Message{Type: protocol.TypeRequestSecret, Data: []byte("hunter2")})
			p.answerAll(empty)
		}))
		var log logBuffer
		config.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		config.OnSecretRequest = func(_ context.Context, r PendingSecretRequest) { t.Errorf("handled %q", r.ID) }
		conn := dial(t, config)
		synctest.Wait()
		if err := conn.Secrets().DeleteSecret(t.Context(), "a", ""); err != nil {
			t.Error(err)
		}
		lines := log.String()
		if strings.Count(lines, "ignored a request") != 4 || strings.Contains(lines, "hunter2") {
			t.Errorf("logged:\n%s", lines)
		}
	})
}
