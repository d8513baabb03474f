// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// DefaultRESTURL is the REST API of the hosted room service.
const DefaultRESTURL = "https://api.meshagent.com"

// RESTConfig says how to reach the REST API of a room service. ProjectID and Token are
// required. The zero value of every other field means the default that is named.
type RESTConfig struct {
	// URL is an http or https base without a query, DefaultRESTURL by default.
	URL string
	// ProjectID is the project that the rooms belong to; an API key names its own.
	ProjectID string
	// Token gives the bearer token, for every call: an API key as a whole or an access token
	// of the service.
	Token TokenSource
	// HTTP makes the requests; nil: a client over [http.DefaultTransport]. Redirects are
	// only followed if it has a CheckRedirect that wants so.
	HTTP *http.Client
	// Timeout bounds every call, the token source included; 0: 30 s.
	Timeout time.Duration
	// MaxBody is the most bytes of a body in either direction. Values travel as base64,
	// which makes them a third longer. 0: 8 MiB.
	MaxBody int
}

// REST calls the REST API of a room service, which needs no connection to a room (room
// protocol, section 6.3). It is safe for concurrent use and has nothing to close. It does
// not try again by itself.
type REST struct {
	config RESTConfig
	client http.Client
	base   string // up to the name of a room
}

// NewREST checks the config; nothing is sent.
func NewREST(config RESTConfig) (*REST, error) {
	config.URL = cmp.Or(config.URL, DefaultRESTURL)
	config.Timeout = cmp.Or(config.Timeout, 30*time.Second)
	config.MaxBody = cmp.Or(config.MaxBody, 8<<20)
	if err := config.validate(); err != nil {
		return nil, &Error{Op: "config", Kind: ErrInvalid, Err: err, terminal: true}
	}
	r := &REST{
		config: config,
		base:   strings.TrimRight(config.URL, "/") + "/accounts/projects/" + url.PathEscape(config.ProjectID) + "/rooms/",
	}
	if config.HTTP != nil {
		r.client = *config.HTTP
	}
	if r.client.CheckRedirect == nil {
		r.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	return r, nil
}

func (c RESTConfig) validate() error {
	switch {
	case c.Token == nil:
		return errors.New("a Token is required")
	case !validSegment(c.ProjectID):
		return errors.New("a ProjectID is required")
	case c.Timeout < 0, c.MaxBody < 0:
		return errors.New("Timeout and MaxBody must not be negative")
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil:
		return fmt.Errorf("URL cannot be parsed: %w", withoutURL(err))
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("URL must begin with http:// or https:// and a host")
	case u.User != nil, u.RawQuery != "", u.ForceQuery, u.Fragment != "":
		return errors.New("URL must have neither a user name, a query nor a fragment")
	}
	return nil
}

// validSegment refuses what is no segment of a path even when it is escaped.
func validSegment(s string) bool { return s != "" && s != "." && s != ".." }

// restCall is one call. Its op is "rest." and the name.
type restCall struct {
	name, method string
	room         string
	path         string // below the room, escaped
	query        url.Values
	body         any // nil: none
}

// do makes a call and decodes the answer, unless answer is nil. Kind of status 404 is
// ErrRoomNotFound here; who knows that something else may be missing says so.
func (r *REST) do(ctx context.Context, call restCall, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	op := "rest." + call.name
	request, err := r.request(ctx, op, call)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return &Error{Op: op, Err: safeCause(err, errNoHTTP)}
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode < 200 || response.StatusCode > 299 {
		return refused(op, restVerdict(response.StatusCode), response, time.Now())
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, int64(r.config.MaxBody)+1))
	switch {
	case err != nil:
		return &Error{Op: op, Err: safeCause(err, errNoHTTP)}
	case len(body) > r.config.MaxBody:
		return &Error{Op: op, Kind: ErrProtocol, Err: errors.New("the answer is larger than MaxBody")}
	case answer != nil && json.Unmarshal(body, answer) != nil:
		return unexpectedAnswer(op)
	}
	return nil
}

func (r *REST) request(ctx context.Context, op string, call restCall) (*http.Request, error) {
	if !protocol.ValidRoomName(call.room) {
		return nil, &Error{Op: op, Kind: ErrInvalid, Err: badRoomName(call.room), terminal: true}
	}
	var body []byte
	if call.body != nil {
		var err error
		if body, err = json.Marshal(call.body); err != nil {
			return nil, &Error{Op: op, Kind: ErrInvalid, Err: err, terminal: true}
		}
	}
	if len(body) > r.config.MaxBody {
		err := fmt.Errorf("%d bytes, the limit is %d", len(body), r.config.MaxBody)
		return nil, &Error{Op: op, Kind: ErrTooLarge, Err: err, terminal: true}
	}
	address := r.base + call.room + call.path
	if query := call.query.Encode(); query != "" {
		address += "?" + query
	}
	request, err := http.NewRequestWithContext(ctx, call.method, address, bytes.NewReader(body))
	if err != nil {
		return nil, &Error{Op: op, Kind: ErrInvalid, Err: withoutURL(err), terminal: true}
	}
	token, err := tokenFrom(ctx, r.config.Token)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

var errNoHTTP = errors.New("the peer, or a proxy on the way, does not speak HTTP as it should")

func unexpectedAnswer(op string) *Error {
	return &Error{Op: op, Kind: ErrProtocol, Err: errors.New("the answer lacks what it must have")}
}
