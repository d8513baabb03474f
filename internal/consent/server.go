// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// Options are what the page needs.
type Options struct {
	// Address is where to listen.
	Address string
	// URL is where people find the page. Whatever stands between must pass on its path.
	URL string
	// Store has the requests.
	Store Store
	// Key is the key of the operator, which its replicas share.
	Key fingerprint.Key
	// OIDC lets people sign in; nil leaves only the links.
	OIDC *OIDC
	// Clock tells the time.
	Clock clock.PassiveClock
	// Log gets a line for each decision.
	Log logr.Logger
	// Metrics counts decisions.
	Metrics *Metrics
}

// What bounds one request, and how many are answered at once.
const (
	readTimeout   = 15 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	decideTimeout = 40 * time.Second
	stopTimeout   = 10 * time.Second
	maxHeader     = 32 << 10
	maxForm       = 16 << 10
	maxAtOnce     = 100
)

// Server serves the page. It is a Runnable of a manager, in every replica.
type Server struct {
	options Options
	links   Links
	cookies cookies
	pages   *pages
	signIns *signIns
	// prefix is the path of the URL, without a slash at its end.
	prefix string
	// places are taken by requests that are being answered.
	places  chan struct{}
	handler http.Handler
}

// New returns a server.
func New(o Options) (*Server, error) {
	if err := CheckURL(o.URL); err != nil {
		return nil, fmt.Errorf("the URL of the consent page %w", err)
	}
	at, err := url.Parse(o.URL)
	if err != nil {
		return nil, err
	}
	s := &Server{
		options: o, links: Links{URL: o.URL, Key: o.Key},
		cookies: cookies{tickets: tickets{key: o.Key, clock: o.Clock}, secure: at.Scheme == "https"},
		prefix:  strings.TrimRight(at.Path, "/"),
		places:  make(chan struct{}, maxAtOnce),
	}
	if s.pages, err = newPages(s.prefix, s.cookies.secure); err != nil {
		return nil, err
	}
	if o.OIDC != nil {
		s.signIns = &signIns{options: *o.OIDC, redirect: s.links.base() + "/signed-in"}
	}
	s.handler, err = s.guarded(s.routes(), at.Scheme+"://"+at.Host)
	return s, err
}

// Handler returns what answers the requests of browsers.
func (s *Server) Handler() http.Handler { return s.handler }

// NeedLeaderElection implements manager.LeaderElectionRunnable: every replica serves the page.
func (*Server) NeedLeaderElection() bool { return false }

// Start serves until ctx is done.
func (s *Server) Start(ctx context.Context) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.options.Address)
	if err != nil {
		return fmt.Errorf("serve the consent page: %w", err)
	}
	server := &http.Server{
		Handler: s.handler, ReadTimeout: readTimeout, WriteTimeout: writeTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(logr.ToSlogHandler(s.options.Log), slog.LevelError),
	}
	done := make(chan error, 1)
	go func() { done <- server.Serve(listener) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve the consent page: %w", err)
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
	defer cancel()
	err = server.Shutdown(ctx)
	if served := <-done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (s *Server) routes() *http.ServeMux {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]http.HandlerFunc{
		"GET /{$}":                             s.list,
		"GET /a/{ticket}":                      s.showByLink,
		"POST /a/{ticket}":                     s.decideByLink,
		"GET /r/{namespace}/{name}/{request}":  s.showToPerson,
		"POST /r/{namespace}/{name}/{request}": s.decideByPerson,
		"GET /callback":                        s.callback,
		"GET /done/{ticket}":                   s.done,
		"GET /sign-in":                         s.signIn,
		"GET /signed-in":                       s.signedIn,
		"POST /sign-out":                       s.signOut,
	} {
		method, at, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+s.prefix+at, handle)
	}
	if s.prefix != "" {
		mux.HandleFunc("GET "+s.prefix, func(w http.ResponseWriter, r *http.Request) { s.see(w, r, "/") })
	}
	mux.HandleFunc("/", s.notFound)
	return mux
}

// guarded returns a handler behind everything that holds for all requests.
func (s *Server) guarded(handler http.Handler, origin string) (http.Handler, error) {
	crossing := http.NewCrossOriginProtection()
	if err := crossing.AddTrustedOrigin(origin); err != nil {
		return nil, err
	}
	crossing.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.problem(w, r, http.StatusForbidden, problemForeign)
	}))
	handler = crossing.Handler(handler)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.pages.protect(w.Header())
		select {
		case s.places <- struct{}{}:
			defer func() { <-s.places }()
		default:
			w.Header().Set("Retry-After", "1")
			s.problem(w, r, http.StatusServiceUnavailable, problemBusy)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		handler.ServeHTTP(w, r)
	}), nil
}

// fail tells a person why there is nothing to see.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	switch {
	case errors.Is(err, ErrGone):
		s.problem(w, r, http.StatusGone, problemGone)
	case errors.Is(err, ErrDecided):
		s.problem(w, r, http.StatusConflict, problemDecided)
	default:
		s.options.Log.Error(err, "consent page")
		s.problem(w, r, http.StatusServiceUnavailable, problemUnavailable)
	}
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.problem(w, r, http.StatusNotFound, problemNotFound)
}

// see sends a browser elsewhere on the page.
func (s *Server) see(w http.ResponseWriter, r *http.Request, at string) {
	http.Redirect(w, r, s.prefix+at, http.StatusSeeOther) //nolint:gosec // a path of ours, which pageToShow has looked at if it came from outside
}

// cleanPath returns a path as it is when nothing in it is to be resolved.
func cleanPath(p string) string {
	if p == "" || p == "/" {
		return p
	}
	clean := path.Clean(p)
	if strings.HasSuffix(p, "/") {
		clean += "/"
	}
	return clean
}
