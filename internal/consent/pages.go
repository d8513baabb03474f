// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
)

//go:embed pages
var files embed.FS

// pages are what the page is made of.
type pages struct {
	templates map[string]*template.Template
	headers   map[string]string
	problems  map[problem]words
}

// view is what every page has besides what it is about.
type view struct {
	// Person is who has signed in, and SignOut the text of the form to sign out.
	Person  *personView
	SignOut string
	Now     time.Time
	About   any
}

type personView struct{ Name string }

type requestView struct {
	Authorization
	Provider, At, Form string
	MaxReason          int
}

type leavingView struct{ Provider, URL string }

type listView struct {
	CanSignIn  bool
	Requests   []listed
	Crowded    bool
	Unverified bool
}

type listed struct {
	Authorization
	Provider, At string
}

// newPages reads the templates.
func newPages(prefix string, secure bool) (*pages, error) {
	style, err := files.ReadFile("pages/style.css")
	if err != nil {
		return nil, err
	}
	functions := template.FuncMap{
		"visible": visible, "moment": moment, "left": left,
		"prefix": func() string { return prefix },
		"style":  func() template.CSS { return template.CSS(style) }, //nolint:gosec // a file of ours
	}
	p := &pages{templates: map[string]*template.Template{}, headers: headersOf(style, secure), problems: wordsOfProblems()}
	for _, name := range []string{"request", "leaving", "done", "list", "problem"} {
		p.templates[name], err = template.New("layout.html").Funcs(functions).ParseFS(files, "pages/layout.html", "pages/"+name+".html")
		if err != nil {
			return nil, err
		}
	}
	return p, nil
}

// headersOf returns the headers of every answer. The style is in the page, known by its hash: there is nothing else to load.
func headersOf(style []byte, secure bool) map[string]string {
	sum := sha256.Sum256(style)
	headers := map[string]string{
		"Content-Security-Policy": "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
			"'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy":              "no-referrer",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"X-Robots-Tag":                 "noindex",
		"Cache-Control":                "no-store",
	}
	if secure {
		headers["Strict-Transport-Security"] = "max-age=31536000"
	}
	return headers
}

// protect sets the headers.
func (p *pages) protect(header http.Header) {
	for name, value := range p.headers {
		header.Set(name, value)
	}
}

// render writes a page.
func (s *Server) render(w http.ResponseWriter, r *http.Request, status int, name string, about any) {
	v := view{Now: s.options.Clock.Now(), About: about}
	if p := s.cookies.person(r); p != nil {
		v.Person = &personView{Name: p.name()}
		v.SignOut = s.cookies.form(s.cookies.ensureBrowser(w, r), "/sign-out", p)
	}
	var page bytes.Buffer
	if err := s.pages.templates[name].Execute(&page, v); err != nil {
		s.options.Log.Error(err, "make a page", "page", name)
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = page.WriteTo(w) // whoever has gone needs no page
}

// visible shows what others have chosen, so that nothing in it is invisible or turns the direction of the text.
func visible(text string) string {
	var out strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			out.WriteRune(r)
		} else {
			out.WriteString("\\u" + strconv.FormatInt(int64(r), 16))
		}
	}
	return out.String()
}

// moment is a time as people write it.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

// left is how long there is until then.
func left(now, until time.Time) string {
	minutes := int(until.Sub(now).Minutes())
	switch {
	case minutes < 1:
		return "less than a minute left"
	case minutes == 1:
		return "1 minute left"
	case minutes < 120:
		return strconv.Itoa(minutes) + " minutes left"
	}
	return strconv.Itoa(minutes/60) + " hours left"
}
