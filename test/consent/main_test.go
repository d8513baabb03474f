// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/utils/clock"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

var update = flag.Bool("update", false, "write the pictures in docs/images")

// page is what all tests share: the page, its provider and its room.
var page *served

type served struct {
	url      string
	links    consent.Links
	provider *provider
	room     *room
	server   *httptest.Server
}

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "consent-")
	if err == nil {
		defer func() { _ = os.RemoveAll(dir) }()
		page, err = serve(dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer page.stop()
	defer closeBrowser()
	return m.Run()
}

// serve serves the page at localhost: the provider and whoever is evil are at 127.0.0.1, which is another site.
func serve(dir string) (*served, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		return nil, err
	}
	s := &served{url: "http://localhost:" + port}
	key, err := fingerprint.NewKey(bytes.Repeat([]byte{1}, fingerprint.KeySize))
	if err != nil {
		return nil, err
	}
	s.links = consent.Links{URL: s.url, Key: key}
	s.provider = startProvider(s.url)
	if s.room, err = startRoom(s.provider); err != nil {
		return nil, err
	}
	secret := filepath.Join(dir, "secret")
	if err := os.WriteFile(secret, []byte(pageSecret+"\n"), 0o600); err != nil {
		return nil, err
	}
	metrics, err := consent.NewMetrics(prometheus.NewRegistry())
	if err != nil {
		return nil, err
	}
	server, err := consent.New(consent.Options{
		URL: s.url, Store: s.room, Key: key, Clock: clock.RealClock{}, Log: logr.Discard(), Metrics: metrics,
		OIDC: &consent.OIDC{Issuer: s.provider.URL, ClientID: pageClient, ClientSecretFile: secret},
	})
	if err != nil {
		return nil, err
	}
	s.server = &httptest.Server{Listener: listener, Config: &http.Server{Handler: server.Handler()}}
	s.server.Start()
	return s, nil
}

func (s *served) stop() {
	s.server.Close()
	s.room.stop()
	s.provider.close()
}

func asError(err error) (*roomclient.Error, bool) { return errors.AsType[*roomclient.Error](err) }
