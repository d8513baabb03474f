// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// BenchmarkSecretToRoom measures how long a change to a Kubernetes Secret takes to be in the room: with an idle operator, and
// with a bare informer whose handler makes the one call that it takes. They take turns, 300 times.
func BenchmarkSecretToRoom(b *testing.B) {
	s := newStage(b, time.Hour, 0)
	pushed, bare := newSource("source"), newSource("bare")
	s.create(b, pushed, bare)
	push := newRoomSecret("push", roomv1alpha1.RoomSecretSpec{Push: &roomv1alpha1.Push{
		SecretRef: roomv1alpha1.LocalSecretRef{Name: "source"}, Entries: []roomv1alpha1.PushEntry{{Name: "pushed", Key: "a"}},
	}})
	first := s.rows.expect("pushed", "first")
	s.create(b, push)
	<-first
	s.rewritten(b, push) // what was written ahead
	s.informBare(b)
	var ours, theirs []time.Duration
	for b.Loop() {
		for range 300 {
			value := strconv.Itoa(len(ours))
			ours = append(ours, s.change(b, pushed, "pushed", value))
			s.rewritten(b, push) // the operator is idle again
			theirs = append(theirs, s.change(b, bare, "bare", value))
		}
	}
	b.ReportMetric(0, "ns/op")
	for name, part := range map[string]float64{"p50": 0.5, "p99": 0.99} {
		b.ReportMetric(milliseconds(quantile(ours, part)), name+"-ms")
		b.ReportMetric(milliseconds(quantile(theirs, part)), name+"-bare-ms")
		b.ReportMetric(milliseconds(quantile(ours, part)-quantile(theirs, part)), name+"-added-ms")
	}
}

func newSource(name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Data: map[string][]byte{"a": []byte("first")}}
}

func newRoomSecret(name string, spec roomv1alpha1.RoomSecretSpec) *roomv1alpha1.RoomSecret {
	spec.RoomRef = roomv1alpha1.RoomReference{Name: roomName}
	return &roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: spec}
}

// change changes a Secret, and returns how long it took until the value was in the room.
func (s *stage) change(b *testing.B, secret *corev1.Secret, id, value string) time.Duration {
	b.Helper()
	told := s.rows.expect(id, value)
	secret.Data["a"] = []byte(value)
	began := time.Now()
	check(b, s.kube.Update(b.Context(), secret))
	return (<-told).Sub(began)
}

// informBare starts an informer that carries the Secret "bare" to the room.
func (s *stage) informBare(b *testing.B) {
	b.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	check(b, err)
	claims := token.Claims{Name: "bare", Grants: []token.Grant{token.RoomGrant(roomName), api}}
	conn, err := roomclient.Dial(b.Context(), roomclient.Config{URL: s.server.URL, Room: roomName, Token: roomclient.SignedToken(s.key, claims, time.Hour)})
	check(b, err)
	kube, err := kubernetes.NewForConfig(s.cluster.Config)
	check(b, err)
	factory := informers.NewSharedInformerFactoryWithOptions(kube, 0, informers.WithNamespace(namespace))
	_, err = factory.Core().V1().Secrets().Informer().AddEventHandler(cache.ResourceEventHandlerFuncs{
		UpdateFunc: func(_, object any) {
			secret, ok := object.(*corev1.Secret)
			if !ok || secret.Name != "bare" {
				return
			}
			if err := conn.Secrets().SetSecret(b.Context(), roomclient.SetSecretRequest{ID: "bare", Type: "text/plain", Value: secret.Data["a"]}); err != nil {
				b.Error(err)
			}
		},
	})
	check(b, err)
	stop := make(chan struct{})
	factory.Start(stop)
	factory.WaitForCacheSync(stop)
	b.Cleanup(func() {
		close(stop)
		factory.Shutdown()
		_ = conn.Close()
	})
}

// BenchmarkRoomToSecret measures how long a change in the room takes to be in the Kubernetes Secret, with a room that is
// read once in a second. What it takes beyond that is to be one write.
func BenchmarkRoomToSecret(b *testing.B) {
	const interval = time.Second
	s := newStage(b, interval, 0)
	s.put(b, "a", "first")
	pull := newRoomSecret("pull", roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "a", ID: "a"}}}})
	s.create(b, pull)
	target := s.appeared(b, "pull")
	var took, writes []time.Duration
	for b.Loop() {
		for range 20 {
			<-time.After(rand.N(interval)) // anywhere between two reads
			began := time.Now()
			s.put(b, "a", fmt.Sprint("value ", len(took)))
			s.rewritten(b, target)
			took = append(took, time.Since(began))
			writes = append(writes, s.write(b))
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(quantile(took, 0.5).Seconds()/interval.Seconds(), "p50-of-the-interval")
	b.ReportMetric(milliseconds(quantile(took, 1)-interval), "max-beyond-interval-ms")
	b.ReportMetric(milliseconds(quantile(writes, 1)), "max-write-ms")
}

// put writes a row of the operator's identity.
func (s *stage) put(b *testing.B, id, value string) {
	b.Helper()
	row := store.Row{Info: store.Info{Key: store.Key{Room: roomName, Owner: operatorName, ID: id}, Type: "text/plain", Name: id}, Value: []byte(value)}
	check(b, s.rows.Put(b.Context(), row))
}

// write makes one write to the API server for comparison.
func (s *stage) write(b *testing.B) time.Duration {
	b.Helper()
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, GenerateName: "write-"}}
	began := time.Now()
	check(b, s.kube.Create(b.Context(), secret))
	return time.Since(began)
}

// appeared waits for a Secret that does not exist yet.
func (s *stage) appeared(b *testing.B, name string) *corev1.Secret {
	b.Helper()
	watch, err := s.kube.Watch(b.Context(), &corev1.SecretList{}, client.InNamespace(namespace), client.MatchingFields{"metadata.name": name})
	check(b, err)
	defer watch.Stop()
	event := <-watch.ResultChan()
	secret, ok := event.Object.(*corev1.Secret)
	if !ok {
		b.Fatalf("%s %T", event.Type, event.Object)
	}
	return secret
}
