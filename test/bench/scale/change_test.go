// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
)

// few is how many RoomSecrets the operator has in the reference of one change.
const few = 10

// ways are what is timed of one change: a source to be in the room, of that what the API server takes to accept the source, and
// a row to be in the Kubernetes Secret once the room is read.
var ways = [...]string{"source to room", "update of the source alone", "room to Secret"}

// samples are the times that each of the ways took.
type samples [len(ways)][]time.Duration

// change measures how long one change takes to arrive. The reference is the same with few RoomSecrets.
func change(t *testing.T, s *stage, r *report, p population) {
	little := s.populate(t, "few", few)
	reference := s.sample(t, little, false)
	alone := s.sample(t, p, false)
	busy := s.sample(t, p, true)
	for way, name := range ways {
		for part, label := range map[float64]string{0.5: "p50", 0.99: "p99"} {
			before := milliseconds(quantile(reference[way], part))
			r.ratio(fmt.Sprintf("one change, %s, %s", name, label), "ms", milliseconds(quantile(alone[way], part)), before, 2)
			r.ratio(fmt.Sprintf("one change, %s, %s, while all are synced", name, label), "ms", milliseconds(quantile(busy[way], part)), before, 2)
		}
	}
}

// sample changes sources and rows, one at a time, while the operator runs, and has nothing to do or all RoomSecrets to sync.
func (s *stage) sample(t *testing.T, p population, resync bool) samples {
	t.Helper()
	s.setInterval(t, p, time.Hour)
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	o.standing.await(t, p.n)
	eventually(t, func() bool { return o.syncs(t) >= p.n }) // each has seen its row, or nobody would tell it of a change
	o.requests.quiet(t)
	targets := s.watchTargets(t, p)
	ctx, stop := context.WithCancel(t.Context())
	var annotating errgroup.Group
	if resync {
		annotating.Go(func() error { return s.annotate(ctx, p) })
	}
	var took samples
	for i := range min(max(*size/5, 20), 200) {
		value := fmt.Sprintf("%s %t %d", p.namespace, resync, i)
		arrived, accepted := s.changeSource(t, p, value)
		for way, d := range []time.Duration{arrived, accepted, s.changeRow(t, p, o, targets, value)} {
			took[way] = append(took[way], d)
		}
	}
	stop()
	check(t, annotating.Wait())
	return took
}

// pick returns the index of any RoomSecret that pushes, or of any that pulls.
func (p population) pick(pushes bool) int {
	for {
		if i := rand.N(p.n); p.pushes(i) == pushes {
			return i
		}
	}
}

func (s *stage) changeSource(t *testing.T, p population, value string) (arrived, accepted time.Duration) {
	t.Helper()
	i := p.pick(true)
	told := s.rows.arrivals.expect(p.row(i, "").Room+"/"+p.name(i), value)
	began := time.Now()
	check(t, s.kube.Update(t.Context(), p.source(i, value)))
	accepted = time.Since(began)
	return (<-told).Sub(began), accepted
}

func (s *stage) changeRow(t *testing.T, p population, o *operator, targets *arrivals, value string) time.Duration {
	t.Helper()
	i := p.pick(false)
	told := targets.expect(p.name(i), value)
	check(t, s.rows.Store.Put(t.Context(), p.row(i, value)))
	began := time.Now()
	o.pool.Poll(sessions.RoomKey{Kind: roomv1alpha1.KindRoom, Namespace: p.namespace, Name: p.room(i)})
	return (<-told).Sub(began)
}

// annotate asks for a sync of all RoomSecrets, one after the other as kubectl does, again and again until ctx is done.
func (s *stage) annotate(ctx context.Context, p population) error {
	for round := 0; ctx.Err() == nil; round++ {
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:"%d"}}}`, roomv1alpha1.AnnotationRequestedAt, round)
		for i := 0; i < p.n && ctx.Err() == nil; i++ {
			rs := &roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name(i)}}
			if err := s.kube.Patch(context.WithoutCancel(ctx), rs, client.RawPatch(types.MergePatchType, patch)); err != nil {
				return err
			}
		}
	}
	return nil
}

// watchTargets tells when the targets of a population get values.
func (s *stage) watchTargets(t *testing.T, p population) *arrivals {
	t.Helper()
	var first corev1.SecretList
	check(t, s.kube.List(t.Context(), &first, client.InNamespace(p.namespace), client.Limit(1)))
	watch, err := s.kube.Watch(t.Context(), &corev1.SecretList{}, client.InNamespace(p.namespace), &client.ListOptions{Raw: &metav1.ListOptions{ResourceVersion: first.ResourceVersion}})
	check(t, err)
	t.Cleanup(watch.Stop)
	a := &arrivals{}
	go func() {
		for event := range watch.ResultChan() {
			if secret, ok := event.Object.(*corev1.Secret); ok {
				a.tell(secret.Name, string(secret.Data["value"]))
			}
		}
	}()
	return a
}

// arrivals tells when something gets a value.
type arrivals struct {
	mu       sync.Mutex
	expected map[string]chan time.Time
}

// expect returns where the time is told at which something gets a value that it has not had.
func (a *arrivals) expect(what, value string) <-chan time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.expected == nil {
		a.expected = map[string]chan time.Time{}
	}
	told := make(chan time.Time, 1)
	a.expected[what+"="+value] = told
	return told
}

func (a *arrivals) tell(what, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if told, ok := a.expected[what+"="+value]; ok {
		told <- time.Now()
		delete(a.expected, what+"="+value)
	}
}

// Put implements [store.Store].
func (s *readStore) Put(ctx context.Context, row store.Row) error {
	err := s.Store.Put(ctx, row)
	s.note(row)
	s.arrivals.tell(row.Room+"/"+row.ID, string(row.Value))
	return err
}

// quantile returns the value that a part of all is not above.
func quantile(all []time.Duration, part float64) time.Duration {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
