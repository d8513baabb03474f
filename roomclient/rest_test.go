// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	testProject = "0f1e2d3c-4b5a-6978-90ab-cdef12345678"
	testKey     = "API-KEY-OR-ACCESS-TOKEN"
)

// restService records the requests of one test and answers them in turn; when it has no
// more answers it says that there are no secrets.
type restService struct {
	mu       sync.Mutex
	answers  []restAnswer
	requests []restRequest
}

type restAnswer struct {
	status int
	body   string
	header http.Header
}

type restRequest struct {
	Method, Path, Authorization, ContentType string
	Body                                     any
}

func (s *restService) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	request := restRequest{r.Method, r.URL.RequestURI(), r.Header.Get("Authorization"), r.Header.Get("Content-Type"), nil}
	if body, _ := io.ReadAll(r.Body); len(body) > 0 {
		_ = json.Unmarshal(body, &request.Body)
	}
	s.requests = append(s.requests, request)
	answer := restAnswer{status: 200, body: `{"secrets":[]}`}
	if len(s.answers) > 0 {
		answer, s.answers = s.answers[0], s.answers[1:]
	}
	maps.Copy(w.Header(), answer.header)
	w.WriteHeader(answer.status)
	_, _ = io.WriteString(w, answer.body)
}

// lines are the requests so far, one a line.
func (s *restService) lines() (lines []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.requests {
		lines = append(lines, r.Method+" "+strings.TrimPrefix(r.Path, "/accounts/projects/"+testProject+"/rooms/myroom"))
	}
	return lines
}

// restTo starts a service and returns a client of it.
func restTo(t *testing.T, answers ...restAnswer) (*REST, *restService) {
	t.Helper()
	service := &restService{answers: answers}
	server := httptest.NewServer(service)
	t.Cleanup(server.Close)
	rest, err := NewREST(RESTConfig{URL: server.URL + "/", ProjectID: testProject, Token: StaticToken(testKey), HTTP: server.Client(), MaxBody: 1 << 16})
	if err != nil {
		t.Fatal(err)
	}
	return rest, service
}

// TestRESTCallsAreMadeAlike replays what the TypeScript account client sent and got.
func TestRESTCallsAreMadeAlike(t *testing.T) {
	t.Parallel()
	full := SetSecretRequest{ID: "my-secret", Name: "My Secret", Type: "text/plain", DelegatedTo: "agent-1", Value: Bytes("secret-value")}
	update := full
	update.DelegatedTo = ""
	get := func(r *REST, identity string, q SecretQuery) (any, error) {
		secret, err := r.Secrets("myroom", identity).GetSecret(t.Context(), q)
		return string(secret.Value), err
	}
	connect := func(r *REST) (any, error) {
		ticket, err := r.Connect(t.Context(), "myroom")
		return []string{string(ticket.Token), ticket.Room, ticket.ProjectID, ticket.URL}, err
	}
	list := func(r *REST, identity string) (any, error) {
		return r.Secrets("myroom", identity).ListSecrets(t.Context())
	}
	remove := func(r *REST, identity, delegatedTo string) (any, error) {
		return nil, r.Secrets("myroom", identity).DeleteSecret(t.Context(), "my-secret", delegatedTo)
	}
	calls := map[string]struct {
		call   func(*REST) (any, error)
		result any
		err    error
	}{
		"connect room":            {connect, []string{"JWT", "myroom", testProject, "wss://api.meshagent.com/rooms/myroom"}, nil},
		"connect room: forbidden": {connect, nil, ErrForbidden},
		"create room secret: minimal": {func(r *REST) (any, error) {
			return r.Secrets("myroom", "").CreateSecret(t.Context(), SetSecretRequest{Value: full.Value})
		}, "generated", nil},
		"create room secret: full": {func(r *REST) (any, error) {
			return r.Secrets("myroom", "support-agent").CreateSecret(t.Context(), full)
		}, "my-secret", nil},
		"update room secret": {func(r *REST) (any, error) {
			return nil, r.Secrets("myroom", "support-agent").UpdateSecret(t.Context(), update)
		}, nil, nil},
		"get room secret": {func(r *REST) (any, error) { return get(r, "", SecretQuery{ID: "my-secret"}) }, "secret-value", nil},
		"get room secret: delegated, identity": {func(r *REST) (any, error) {
			return get(r, "support-agent", SecretQuery{ID: "my-secret", DelegatedTo: "agent-1"})
		}, "secret-value", nil},
		"get room secret: missing":                {func(r *REST) (any, error) { return get(r, "", SecretQuery{ID: "x"}) }, nil, ErrNotFound},
		"list room secrets":                       {func(r *REST) (any, error) { return list(r, "") }, []SecretInfo{{ID: "my-secret", Type: "text/plain", Name: "My Secret"}}, nil},
		"list room secrets: identity":             {func(r *REST) (any, error) { return list(r, "support-agent") }, []SecretInfo{}, nil},
		"delete room secret":                      {func(r *REST) (any, error) { return remove(r, "", "") }, nil, nil},
		"delete room secret: delegated, identity": {func(r *REST) (any, error) { return remove(r, "support-agent", "agent-1") }, nil, nil},
	}
	var file struct {
		Exchanges []struct {
			Name    string `json:"name"`
			Request struct {
				Method  string            `json:"method"`
				Path    string            `json:"path"`
				Headers map[string]string `json:"headers"`
				Body    any               `json:"body"`
			} `json:"request"`
			Response struct {
				Status int             `json:"status"`
				Body   json.RawMessage `json:"body"`
				Raw    string          `json:"raw"`
			} `json:"response"`
		} `json:"exchanges"`
	}
	golden(t, "rest.json", &file)
	made := 0
	for _, exchange := range file.Exchanges {
		if exchange.Name == "create project secret" {
			continue // secrets of projects are no room's
		}
		made++
		t.Run(exchange.Name, func(t *testing.T) {
			t.Parallel()
			body := exchange.Response.Raw
			if body == "" && exchange.Response.Status != http.StatusNoContent {
				body = string(exchange.Response.Body)
			}
			rest, service := restTo(t, restAnswer{status: exchange.Response.Status, body: body})
			c, ok := calls[exchange.Name]
			if !ok {
				t.Fatal("a recorded call that this package does not make")
			}
			result, err := c.call(rest)
			if c.err != nil {
				if e := judge(t, err, c.err); e.Status != exchange.Response.Status || e.Text != exchange.Response.Raw || !e.Terminal() {
					t.Errorf("got %+v", *e)
				}
			} else if diff := cmp.Diff(c.result, result); diff != "" || err != nil {
				t.Errorf("error %v, result (-want +got):\n%s", err, diff)
			}
			want := restRequest{
				exchange.Request.Method, exchange.Request.Path,
				exchange.Request.Headers["authorization"], exchange.Request.Headers["content-type"], exchange.Request.Body,
			}
			if diff := cmp.Diff(want, service.requests[0]); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
		})
	}
	if made != len(calls) {
		t.Errorf("made %d calls, want %d", made, len(calls))
	}
}

func TestRESTErrorsAreJudgedByStatus(t *testing.T) {
	t.Parallel()
	for status, c := range map[int]struct {
		kind     error
		terminal bool
	}{
		301: {nil, false}, 400: {ErrInvalid, true}, 401: {ErrUnauthorized, true}, 403: {ErrForbidden, true}, 404: {ErrRoomNotFound, true},
		408: {nil, false}, 409: {nil, true}, 410: {ErrRoomNotFound, true}, 413: {ErrTooLarge, true}, 422: {nil, true}, 423: {ErrRoomDisabled, true},
		425: {nil, false}, 429: {nil, false}, 500: {nil, false}, 503: {nil, false},
	} {
		t.Run(http.StatusText(status), func(t *testing.T) {
			t.Parallel()
			rest, _ := restTo(t, restAnswer{status: status, body: "because of " + testKey, header: http.Header{"Retry-After": {"7"}, "Location": {"/elsewhere"}}})
			_, err := rest.Secrets("myroom", "").ListSecrets(t.Context())
			e := judge(t, err, c.kind)
			if e.Kind == nil != (c.kind == nil) || e.Terminal() != c.terminal || e.Status != status || e.RetryAfter != 7*time.Second || e.Op != "rest.list_secrets" {
				t.Errorf("got %+v", *e)
			}
			if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), "websocket") || e.Text != "because of "+testKey {
				t.Errorf("got %v with text %q", err, e.Text)
			}
		})
	}
}

func TestRESTAnswersThatMakeNoSenseAreErrors(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "<html>", "a list": "[]", "nulls": `{"jwt":null,"data_base64":null,"secrets":null}`,
		"no base64": `{"data_base64":"%"}`, "too much": `"` + strings.Repeat("a", 1<<16) + `"`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			answer := restAnswer{status: 200, body: body}
			rest, _ := restTo(t, answer, answer, answer)
			wantError(t, second(rest.Connect(t.Context(), "myroom")), ErrProtocol)
			wantError(t, second(rest.Secrets("myroom", "").GetSecret(t.Context(), SecretQuery{ID: "a"})), ErrProtocol)
			wantError(t, second(rest.Secrets("myroom", "").ListSecrets(t.Context())), ErrProtocol)
		})
	}
}

func TestRESTRequestsThatMakeNoSenseAreNotSent(t *testing.T) {
	t.Parallel()
	rest, service := restTo(t)
	s, ctx := rest.Secrets("myroom", ""), t.Context()
	for name, err := range map[string]error{
		"a set without a value":    s.SetSecret(ctx, SetSecretRequest{ID: "a"}),
		"a create without a value": second(s.CreateSecret(ctx, SetSecretRequest{ID: "a"})),
		"an update without an id":  s.UpdateSecret(ctx, SetSecretRequest{Value: Bytes{}}),
		"a row called ..":          s.SetSecret(ctx, SetSecretRequest{ID: "..", Value: Bytes{}}),
		"a get of ..":              second(s.GetSecret(ctx, SecretQuery{ID: ".."})),
		"a get of nothing":         second(s.GetSecret(ctx, SecretQuery{})),
		"an exists of nothing":     second(s.Exists(ctx, ExistsQuery{})),
		"a delete without an id":   s.DeleteSecret(ctx, "", ""),
		"a delete of .":            s.DeleteSecret(ctx, ".", ""),
		"a room that cannot be":    second(rest.Secrets("../x", "").ListSecrets(ctx)),
		"a ticket to no room":      second(rest.Connect(ctx, "")),
	} {
		if !errors.Is(err, ErrInvalid) || !IsTerminal(err) {
			t.Errorf("%s: got error %v, want ErrInvalid", name, err)
		}
	}
	wantError(t, s.SetSecret(ctx, SetSecretRequest{ID: "a", Value: make(Bytes, 50_000)}), ErrTooLarge)
	if lines := service.lines(); lines != nil {
		t.Errorf("sent %q", lines)
	}
}

func TestRESTCallsEndWithTheirTime(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	rest, err := NewREST(RESTConfig{URL: server.URL, ProjectID: "p", Token: StaticToken(testKey), HTTP: server.Client(), Timeout: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	wantError(t, rest.Secrets("myroom", "who?").DeleteSecret(t.Context(), "a", "whom?"), context.DeadlineExceeded)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantError(t, rest.Secrets("myroom", "who?").DeleteSecret(ctx, "a", "whom?"), context.Canceled)
}

func TestRESTConfigSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	good := RESTConfig{ProjectID: "p", Token: StaticToken("t")}
	for want, change := range map[string]func(*RESTConfig){
		"a Token is required":          func(c *RESTConfig) { c.Token = nil },
		"a ProjectID is required":      func(c *RESTConfig) { c.ProjectID = ".." },
		"must not be negative":         func(c *RESTConfig) { c.MaxBody = -1 },
		"must begin with http":         func(c *RESTConfig) { c.URL = "ws://h" },
		"neither a user name":          func(c *RESTConfig) { c.URL = "https://h?token=hunter2" },
		"URL cannot be parsed":         func(c *RESTConfig) { c.URL = "https://h:x?token=hunter2" },
		"neither a user name, a query": func(c *RESTConfig) { c.URL = "https://u:hunter2@h" },
	} {
		config := good
		change(&config)
		_, err := NewREST(config)
		if !errors.Is(err, ErrInvalid) || !strings.Contains(fmt.Sprint(err), want) || strings.Contains(fmt.Sprint(err), "hunter2") {
			t.Errorf("got error %v, want ErrInvalid with %q", err, want)
		}
	}
	if rest, err := NewREST(good); err != nil || rest.base != "https://api.meshagent.com/accounts/projects/p/rooms/" {
		t.Errorf("got %+v and error %v", rest, err)
	}
}
