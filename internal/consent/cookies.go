// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net/http"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

const (
	// sessionLifetime is how long somebody is signed in. It cannot be ended from elsewhere, so it is one working day.
	sessionLifetime = 8 * time.Hour
	// maxCookie is how long a cookie may be: browsers keep up to 4096 bytes with its name and attributes.
	maxCookie = 3800
)

// person is somebody who has signed in.
type person struct {
	// Subject is what the OpenID provider calls them, for ever.
	Subject string `json:"sub"`
	// Email is empty unless the provider has verified it.
	Email string `json:"email,omitempty"`
	// Groups they are in.
	Groups []string `json:"groups,omitempty"`
	// Crowded says that they are in more groups than fit in a cookie, so that none counts.
	Crowded bool `json:"crowded,omitempty"`
}

// name says who they are, in a log and in a status.
func (p *person) name() string { return cmp.Or(p.Email, p.Subject) }

// cookies are what the page keeps in browsers.
type cookies struct {
	tickets
	// secure says that the page is at an https URL.
	secure bool
}

// browser is a random text that a browser sends with every request. Forms and states are bound to it.
func (c cookies) browser(r *http.Request) string {
	cookie, err := r.Cookie(c.called("consent"))
	if err != nil {
		return ""
	}
	return cookie.Value
}

// ensureBrowser returns the text of the browser, after it has given it one if it had none.
func (c cookies) ensureBrowser(w http.ResponseWriter, r *http.Request) string {
	if known := c.browser(r); known != "" {
		return known
	}
	fresh := rand.Text()
	http.SetCookie(w, c.made("consent", fresh, 0))
	return fresh
}

// form returns the text that proves that a form was filled in on a page that we gave to this browser and person.
func (c cookies) form(browser, path string, p *person) string {
	if browser == "" {
		return ""
	}
	subject := ""
	if p != nil {
		subject = p.Subject
	}
	return c.key.Digest("consent form", []byte(browser), []byte(path), []byte(subject))
}

// bound is what ties a ticket to a browser without telling its text.
func (c cookies) bound(browser string) string {
	return c.key.Digest("consent browser", []byte(browser))
}

// isBound reports whether a ticket is tied to the browser of a request.
func (c cookies) isBound(r *http.Request, to string) bool {
	browser := c.browser(r)
	return browser != "" && fingerprint.Equal(to, c.bound(browser))
}

// person returns who has signed in; nil for nobody.
func (c cookies) person(r *http.Request) *person {
	cookie, err := r.Cookie(c.called("consent-session"))
	if err != nil {
		return nil
	}
	p, err := redeem[person](c.tickets, forSession, cookie.Value)
	if err != nil {
		return nil
	}
	return &p
}

// signIn remembers who has signed in.
func (c cookies) signIn(w http.ResponseWriter, p person) error {
	until := c.clock.Now().Add(sessionLifetime)
	value := issue(c.tickets, forSession, p, until)
	if len(value) > maxCookie {
		p.Groups, p.Crowded = nil, true
		value = issue(c.tickets, forSession, p, until)
	}
	if len(value) > maxCookie {
		return errors.New("the OpenID provider's description of this person does not fit in a cookie")
	}
	http.SetCookie(w, c.made("consent-session", value, int(sessionLifetime/time.Second)))
	return nil
}

// signOut forgets who has signed in.
func (c cookies) signOut(w http.ResponseWriter) {
	http.SetCookie(w, c.made("consent-session", "", -1))
}

// called returns the whole name of a cookie. With this prefix a browser takes it from us only, not from a neighbour in the
// same domain.
func (c cookies) called(name string) string {
	if c.secure {
		return "__Host-" + name
	}
	return name
}

// made returns a cookie. Lax ones come along when somebody follows a link or comes back from a provider, and not with forms
// and frames of other sites.
func (c cookies) made(name, value string, maxAge int) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // not Secure on localhost only, where there is no TLS
		Name: c.called(name), Value: value, Path: "/", MaxAge: maxAge,
		Secure: c.secure, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}
