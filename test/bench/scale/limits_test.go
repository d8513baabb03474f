// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// kubeLimit is that of the manager to the API server, and what it has by default too.
var kubeLimit = limit{rate: 50, burst: 100}

// limits runs the manager with a limit to the API server and one to each room, through a start, a rotation of all sources,
// and a credential that is revoked and replaced. It looks at when each request came to the API server, and each call to
// a room.
func limits(t *testing.T, s *stage, r *report, p population) {
	perRoom := max(2, p.n/50)
	s.limitRooms(t, p, int32(perRoom))
	calls := &visits{}
	s.server.audit = slog.New(calls)
	s.server.stop()
	s.server.start(t)
	requests, kubeconfig := s.proxy(t)

	_, stop := s.startManager(t, p, kubeconfig, fmt.Sprintf("--kube-api-qps=%v", kubeLimit.rate), fmt.Sprintf("--kube-api-burst=%v", kubeLimit.burst))
	defer stop()
	b := s.newBare(t, p) // only to watch
	defer b.stop()
	check(t, b.watchAll(t.Context()))
	b.standing.await(t, p.n)
	rotation := s.expectRotation(t, p, b.cache)
	s.rotate(t, p, nil)
	rotation.await(t)
	s.server.stop()
	s.server.replaceKey(t)
	s.server.start(t)
	b.standing.await(t, 0)
	eventually(t, func() bool { return s.server.attempts(t)[strconv.Itoa(http.StatusUnauthorized)] >= roomCount })
	check(t, s.kube.Update(t.Context(), p.credential(0)))
	b.standing.await(t, p.n)

	r.limited(t, "limits: requests to the API server in the fullest window", kubeLimit, requests)
	r.limited(t, "limits: calls of one room in the fullest window", limit{float64(perRoom), float64(perRoom)}, calls)
}

// limited reports the window, of all places, that came closest to a limit.
func (r *report) limited(t *testing.T, name string, l limit, came *visits) {
	t.Helper()
	var worst window
	var most float64
	for _, times := range came.all() {
		if w, part := l.fullest(times); part > most {
			worst, most = w, part
		}
	}
	r.ratio(name, "", float64(worst.count), l.allowed(worst.length), 1)
	if most > 1 {
		t.Errorf("%s: %d within %s, and the limit is %v a second with bursts of %v", name, worst.count, worst.length, l.rate, l.burst)
	}
}

// limitRooms sets how many calls may be made in each room in a second, and at once.
func (s *stage) limitRooms(t *testing.T, p population, perSecond int32) {
	t.Helper()
	for i := range roomCount {
		var room roomv1alpha1.Room
		check(t, s.kube.Get(t.Context(), client.ObjectKey{Namespace: p.namespace, Name: p.room(i)}, &room))
		base := room.DeepCopy()
		room.Spec.Limits = &roomv1alpha1.RoomLimits{RequestsPerSecond: perSecond, Burst: perSecond}
		check(t, s.kube.Patch(t.Context(), &room, client.MergeFrom(base)))
	}
}

// visits are when something came, by place.
type visits struct {
	mu    sync.Mutex
	times map[string][]time.Time
}

func (v *visits) note(place string, when time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.times == nil {
		v.times = map[string][]time.Time{}
	}
	v.times[place] = append(v.times[place], when)
}

func (v *visits) all() map[string][]time.Time {
	v.mu.Lock()
	defer v.mu.Unlock()
	all := map[string][]time.Time{}
	for place, times := range v.times {
		all[place] = append([]time.Time(nil), times...)
	}
	return all
}

// proxy stands before the API server and notes when each request comes that is no watch. It returns how to reach it.
func (s *stage) proxy(t *testing.T) (came *visits, kubeconfig string) {
	t.Helper()
	target, err := url.Parse(s.cluster.Config.Host)
	check(t, err)
	transport, err := rest.TransportFor(s.cluster.Config)
	check(t, err)
	came = &visits{}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(target) },
		Transport: transport, FlushInterval: -1,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if watch, _ := strconv.ParseBool(r.URL.Query().Get("watch")); !watch {
			came.note("", time.Now())
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	config := clientcmdapi.NewConfig()
	config.Clusters["proxy"] = &clientcmdapi.Cluster{Server: server.URL}
	config.Contexts["proxy"] = &clientcmdapi.Context{Cluster: "proxy"}
	config.CurrentContext = "proxy"
	kubeconfig = filepath.Join(t.TempDir(), "kubeconfig")
	check(t, clientcmd.WriteToFile(*config, kubeconfig))
	return came, kubeconfig
}

// Handle implements [slog.Handler]: it notes when a call came to a room, from what the room server writes of it afterwards.
func (v *visits) Handle(_ context.Context, record slog.Record) error {
	var room string
	came := record.Time
	record.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "room":
			room = a.Value.String()
		case "duration":
			came = came.Add(-a.Value.Duration())
		}
		return true
	})
	v.note(room, came)
	return nil
}

// Enabled implements [slog.Handler].
func (v *visits) Enabled(context.Context, slog.Level) bool { return true }

// WithAttrs implements [slog.Handler].
func (v *visits) WithAttrs([]slog.Attr) slog.Handler { return v }

// WithGroup implements [slog.Handler].
func (v *visits) WithGroup(string) slog.Handler { return v }
