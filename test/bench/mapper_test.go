// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"net/http"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
)

// BenchmarkReadOfOneNamespace compares the time to read a Room from the cache of an operator that watches one namespace with what
// it takes with the mapper of controller-runtime.
func BenchmarkReadOfOneNamespace(b *testing.B) {
	s := newStage(b, time.Hour, 0)
	ours, theirs := s.cacheWith(b, controllers.NewMapper), s.cacheWith(b, apiutil.NewDynamicRESTMapper)
	reads(b, ours, 1) // begins to watch
	reads(b, theirs, 1)
	var took struct{ ours, theirs time.Duration }
	const turn = 1000
	b.ResetTimer()
	for n := 0; n < b.N; n += turn {
		took.ours += reads(b, ours, turn)
		took.theirs += reads(b, theirs, turn)
	}
	b.ReportMetric(0, "ns/op") // two things at once take no time that would mean something
	b.ReportMetric(took.ours.Seconds()/took.theirs.Seconds(), "of-the-time-without")
}

func (s *stage) cacheWith(b *testing.B, provide func(*rest.Config, *http.Client) (meta.RESTMapper, error)) cache.Cache {
	b.Helper()
	transport, err := rest.HTTPClientFor(s.cluster.Config)
	check(b, err)
	mapper, err := provide(s.cluster.Config, transport)
	check(b, err)
	options := controllers.CacheOptions(namespace)
	options.Scheme, options.Mapper, options.ReaderFailOnMissingInformer = s.kube.Scheme(), mapper, false
	c, err := cache.New(s.cluster.Config, options)
	check(b, err)
	go func() { _ = c.Start(b.Context()) }() // ends with the benchmark
	return c
}

// reads gets the Room so many times, and returns how long that took.
func reads(b *testing.B, c client.Reader, n int) time.Duration {
	b.Helper()
	began := time.Now()
	for range n {
		room := &roomv1alpha1.Room{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: roomName}}
		check(b, c.Get(b.Context(), client.ObjectKeyFromObject(room), room))
	}
	return time.Since(began)
}
