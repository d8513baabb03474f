// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

const (
	// writers is how many sources are rotated at the same time: enough for a thousand in a second.
	writers = 64
	// maxWrites is how many requests that write each RoomSecret may cost in a storm.
	maxWrites = 2
)

// rotation rotates all sources at once, and measures the time from the first of these writes until every row holds the new
// bytes and every status says so. The reference makes the requests of the operator for each source that has been written.
func rotation(t *testing.T, s *stage, r *report) {
	ours := s.settle(t, population{namespace: "rotation", n: r.n, onlyPushes: true})
	bare := s.settle(t, population{namespace: "rotation-bare", n: r.n, onlyPushes: true})
	s.coldReference(t, bare)
	operator, reference := s.rotateOperator(t, ours), s.rotateReference(t, bare)

	r.ratio("rotation", "s", operator.took.Seconds(), reference.took.Seconds(), 1.25)
	r.count("rotation: seconds until the last source was written", operator.written.Seconds(), 1)
	r.count("rotation: seconds until the last source was written, reference", reference.written.Seconds(), 1)
	each := operator.requests.sum(writeVerbs...) / float64(r.n)
	r.count("rotation: writes for each RoomSecret", each, maxWrites)
	for of, made := range map[string]rotated{"operator": operator, "reference": reference} {
		r.perObject("rotation", of+", API server", made.requests, r.n)
		r.perObject("rotation", of+", rooms", made.calls, r.n)
	}
	if each > maxWrites {
		t.Errorf("a rotation makes %v writes for each RoomSecret: %v", each, operator.requests)
	}
	if !sameWork(operator.requests, reference.requests) {
		t.Errorf("the operator makes the requests %v and the reference %v: it is not the same work any more", operator.requests, reference.requests)
	}
}

// rotated is what a rotation took, and how much of that the sources were being written.
type rotated struct {
	effort
	written time.Duration
}

// rotateOperator has the operator follow a rotation.
func (s *stage) rotateOperator(t *testing.T, p population) rotated {
	t.Helper()
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	o.standing.await(t, p.n)
	o.requests.quiet(t)
	following := s.expectRotation(t, p, o.cache)
	requests, calls := o.requests.now(), s.server.calls(t)

	began := time.Now()
	written := s.rotate(t, p, nil)
	following.await(t)
	took := time.Since(began)
	o.requests.quiet(t)
	return rotated{effort{took, o.requests.now().since(requests), s.server.calls(t).since(calls)}, written}
}

// rotateReference has a bare client follow a rotation.
func (s *stage) rotateReference(t *testing.T, p population) rotated {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	ctx := t.Context()
	check(t, b.watchAll(ctx))
	check(t, b.connect(ctx))
	following := s.expectRotation(t, p, b.cache)
	requests, calls := b.requests.now(), s.server.calls(t)

	news := make(chan int, p.n)
	var group errgroup.Group
	began := time.Now()
	for range workers {
		group.Go(func() error {
			for i := range news {
				if err := b.follow(ctx, i); err != nil {
					return err
				}
			}
			return nil
		})
	}
	written := s.rotate(t, p, news)
	close(news)
	check(t, group.Wait())
	following.await(t)
	took := time.Since(began)
	b.requests.quiet(t)
	return rotated{effort{took, b.requests.now().since(requests), s.server.calls(t).since(calls)}, written}
}

// rotatedValue is what the source of an index is rotated to.
func (p population) rotatedValue(index int) string { return fmt.Sprintf("rotated %s", p.name(index)) }

// rotate writes all sources anew and returns how long that took. It tells the index of each that was written, unless nobody
// wants to know.
func (s *stage) rotate(t *testing.T, p population, news chan<- int) time.Duration {
	t.Helper()
	began := time.Now()
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(writers)
	for i := range p.n {
		if !p.pushes(i) {
			continue
		}
		group.Go(func() error {
			if err := s.kube.Update(ctx, p.source(i, p.rotatedValue(i))); err != nil {
				return err
			}
			if news != nil {
				news <- i
			}
			return nil
		})
	}
	check(t, group.Wait())
	return time.Since(began)
}

// following waits until a rotation is over.
type following struct {
	rows     []<-chan time.Time
	statuses *standing
}

// expectRotation prepares to see that rows get the new bytes and statuses another digest, as a cache tells them.
func (s *stage) expectRotation(t *testing.T, p population, c cache.Cache) *following {
	t.Helper()
	f := &following{}
	for i := range p.n {
		if p.pushes(i) {
			f.rows = append(f.rows, s.rows.arrivals.expect(p.room(i)+"/"+p.name(i), p.rotatedValue(i)))
		}
	}
	before := s.digests(t, p, func(rs roomv1alpha1.RoomSecret) bool { return len(rs.Status.Entries) > 0 })
	f.statuses = newStanding(func(rs *roomv1alpha1.RoomSecret) bool {
		return rs.Spec.Push != nil && isReady(rs) && len(rs.Status.Entries) > 0 && rs.Status.Entries[0].Digest != before[rs.Name]
	})
	f.statuses.watch(t.Context(), t, c)
	return f
}

// digests returns what the statuses of a population say that the rows hold, by the name of the RoomSecret, where so is true.
func (s *stage) digests(t *testing.T, p population, so func(roomv1alpha1.RoomSecret) bool) map[string]string {
	t.Helper()
	var list roomv1alpha1.RoomSecretList
	check(t, s.kube.List(t.Context(), &list, client.InNamespace(p.namespace)))
	digests := map[string]string{}
	for _, rs := range list.Items {
		if so(rs) {
			digests[rs.Name] = rs.Status.Entries[0].Digest
		}
	}
	return digests
}

func (f *following) await(t *testing.T) {
	t.Helper()
	for _, row := range f.rows {
		<-row
	}
	f.statuses.await(t, len(f.rows))
}

// follow makes the requests with which the operator follows a source that was written.
func (b *bare) follow(ctx context.Context, index int) error {
	var rs roomv1alpha1.RoomSecret
	if err := b.cache.Get(ctx, client.ObjectKey{Namespace: b.namespace, Name: b.name(index)}, &rs); err != nil {
		return err
	}
	var source corev1.Secret
	if err := b.kube.Get(ctx, client.ObjectKeyFromObject(&rs), &source); err != nil {
		return err
	}
	room := b.rooms[b.room(index)].Secrets()
	if _, err := room.GetSecret(ctx, roomclient.SecretQuery{ID: rs.Name}); err != nil {
		return err
	}
	if err := write(ctx, &rs, room, &source); err != nil {
		return err
	}
	return b.patchStatus(ctx, &rs, func() {
		entry := entryOf(&rs)
		entry.Digest = "rotated." + longText
		rs.Status.Entries, rs.Status.LastChangeTime = []roomv1alpha1.EntryStatus{entry}, new(metav1.Now())
	})
}
