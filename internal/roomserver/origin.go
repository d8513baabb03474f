// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"code.dny.dev/ssrf"
)

// PublicOrigins is the entry of Config.OAuthOrigins that stands for every HTTPS server on port 443 of a public
// address.
const PublicOrigins = "https://*"

// endpointTimeout bounds one exchange with a token endpoint, whoever waits for it.
const endpointTimeout = 10 * time.Second

// endpoints are the token endpoints the server talks to. Participants choose them, and so could make the server
// talk to what only the server can reach: hence the origins, and for public ones a look at each address dialed.
type endpoints struct {
	origins map[string]struct{}
	public  bool
	listed  *http.Client // for the origins listed
	guarded *http.Client // for public addresses only
}

func newEndpoints(origins []string) (*endpoints, error) {
	if origins == nil {
		origins = []string{PublicOrigins}
	}
	guard := ssrf.New(ssrf.WithPorts(443))
	e := &endpoints{
		origins: map[string]struct{}{},
		listed:  newEndpointClient(&net.Dialer{Timeout: endpointTimeout}, http.ProxyFromEnvironment),
		guarded: newEndpointClient(&net.Dialer{Timeout: endpointTimeout, Control: guard.Safe}, nil),
	}
	for _, text := range origins {
		if text == PublicOrigins {
			e.public = true
			continue
		}
		u, err := parseEndpoint(text)
		if err != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || strings.Contains(u.Host, "*") {
			return nil, fmt.Errorf("roomserver: %q is not an origin: want https://host[:port], http://host[:port] or %s", text, PublicOrigins)
		}
		e.origins[origin(u)] = struct{}{}
	}
	return e, nil
}

// newEndpointClient makes a client that follows no redirects, which could lead anywhere, and keeps no connections.
func newEndpointClient(dialer *net.Dialer, proxy func(*http.Request) (*url.URL, error)) *http.Client {
	return &http.Client{
		Timeout:       endpointTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			DialContext: dialer.DialContext, Proxy: proxy, DisableKeepAlives: true, ForceAttemptHTTP2: true,
			TLSHandshakeTimeout: endpointTimeout, MaxResponseHeaderBytes: maxHeaderBytes,
		},
	}
}

// client returns what to talk to a token endpoint with.
func (e *endpoints) client(endpoint string) (*http.Client, error) {
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, invalid("the token endpoint is not an http or https URL")
	}
	if _, ok := e.origins[origin(u)]; ok {
		return e.listed, nil
	}
	if e.public && u.Scheme == "https" {
		return e.guarded, nil
	}
	return nil, denied("permission denied: this server does not talk to that token endpoint")
}

// parseEndpoint reads an absolute http or https URL without user information or fragment.
func parseEndpoint(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return nil, errors.New("roomserver: not an absolute http or https URL")
	}
	return u, nil
}

// origin is scheme, host and port, in one spelling.
func origin(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	return u.Scheme + "://" + net.JoinHostPort(strings.ToLower(u.Hostname()), port)
}
