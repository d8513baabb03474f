// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// Links makes the addresses of the page.
type Links struct {
	// URL is where people find the page, as CheckURL allows it.
	URL string
	// Key is the key of the operator.
	Key fingerprint.Key
}

// Callback is where providers send whoever approves.
func (l Links) Callback() string { return l.base() + "/callback" }

// For returns the link to a request, which is good until then. Whoever holds it may decide the request, unless its rule names
// approvers. It is the same each time.
func (l Links) For(ref Ref, until time.Time) string {
	return l.base() + "/a/" + issue(tickets{key: l.Key}, forLink, ref, until)
}

func (l Links) base() string { return strings.TrimRight(l.URL, "/") }

// CheckURL returns what is wrong with the URL of the page, if anything is.
func CheckURL(address string) error {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Opaque != "":
		return errors.New("must be a URL such as https://consent.example.com")
	case strings.ContainsAny(address, "?#"):
		return errors.New("must have no query and no fragment")
	case u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())):
		return errors.New("must be https (http is for localhost)")
	case u.Path != cleanPath(u.Path) || u.EscapedPath() != u.Path:
		return errors.New("must have a plain path, without .. and %")
	}
	return nil
}

// isLoopback reports whether nobody but this machine is behind a host. Browsers treat these as they do https.
func isLoopback(host string) bool {
	return host == "localhost" || host == "127.0.0.1" || host == "::1"
}
