// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"net/http"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// refusals is how often each room is refused, on average, before the credential is replaced.
const refusals = 3

// revoked has the room server of the first room, and then those of all, accept another key only. It looks at what the
// operator does meanwhile, and measures the time from when the credential is replaced until all RoomSecrets are in sync.
// The reference replaces it, joins the rooms, gets each row and reports for each RoomSecret.
func revoked(t *testing.T, s *stage, r *report, other population) {
	p := s.settle(t, population{namespace: "revoked", n: r.n, first: newServer(t, s.rows), others: newServer(t, s.rows)})
	interval := max(time.Second, time.Duration(p.n)*5*time.Millisecond)
	s.setInterval(t, p, interval)
	o := s.startOperator(t, p.namespace)
	defer o.stop()
	eventually(t, func() bool { return o.syncs(t) >= p.n })
	o.standing.await(t, p.n)
	o.requests.quiet(t)

	for _, onlyFirst := range []bool{true, false} {
		v := revocation{population: p, figure: "revoked, all rooms", stage: s, operator: o, interval: interval, onlyFirst: onlyFirst, servers: []*server{p.first, p.others}}
		if onlyFirst {
			v.figure, v.servers = "revoked, one room", v.servers[:1]
		}
		v.measure(t, r, s.revokedReference(t, other, onlyFirst))
	}
}

// revocation is what happens when room servers do not accept a credential any more.
type revocation struct {
	population
	figure   string
	stage    *stage
	operator *operator
	// interval is how often the rooms are read, and tried while they refuse.
	interval time.Duration
	// onlyFirst says that only the first room is concerned.
	onlyFirst bool
	servers   []*server
}

// concerns reports whether the object of an index is in a room whose credential is revoked.
func (v revocation) concerns(index int) bool { return !v.onlyFirst || inFirst(index) }

// among returns how many of the first n objects are in such a room.
func (v revocation) among(n int) (count int) {
	for i := range n {
		if v.concerns(i) {
			count++
		}
	}
	return count
}

// measure revokes the credential and replaces it.
func (v revocation) measure(t *testing.T, r *report, reference time.Duration) {
	t.Helper()
	requests := v.operator.requests.now()
	v.revoke(t, r)
	v.checkKept(t)
	meanwhile := v.operator.requests.now().since(requests)

	began := time.Now()
	v.restore(t)
	v.operator.standing.await(t, v.n)
	took := time.Since(began)
	v.operator.requests.quiet(t)
	all := v.operator.requests.now().since(requests)

	r.ratio(v.figure, "s", took.Seconds(), reference.Seconds(), 1.25)
	n := v.among(v.n)
	r.perObject(v.figure, "operator, API server", all, n)
	before, after := meanwhile.sum(objectWrites...)/float64(n), all.sum(objectWrites...)/float64(n)
	r.count(v.figure+": writes of objects for each RoomSecret", after, maxWrites)
	if before > 1 || after > maxWrites {
		t.Errorf("%s: for each RoomSecret there are %v writes until the credential is replaced, and %v in all: %v", v.figure, before, after, all)
	}
	if deleted := all.sum("delete"); deleted > 0 {
		t.Errorf("%s: the operator deletes: %v", v.figure, all)
	}
}

// revoke has the servers accept another key only, waits until that is known and has been tried several times, and reports how
// often it was.
func (v revocation) revoke(t *testing.T, r *report) {
	t.Helper()
	began, rooms := time.Now(), float64(v.among(roomCount))
	for _, at := range v.servers {
		at.stop()
		at.replaceKey(t)
		at.start(t)
	}
	v.operator.standing.await(t, v.n-v.among(v.n))
	eventually(t, func() bool { return v.attempts(t)[strconv.Itoa(http.StatusUnauthorized)] >= refusals*rooms })
	attempts, most := v.attempts(t), rooms*(1+time.Since(began).Seconds()/v.interval.Seconds())
	r.ratio(v.figure+": attempts to join beside one for each interval", "attempts", attempts.sum(""), most, 1)
	if attempts.sum("") > most {
		t.Errorf("%s: %v attempts to join, and %v are the most in that time", v.figure, attempts, most)
	}
	for _, at := range v.servers {
		if calls := at.calls(t); calls.sum("") > 0 {
			t.Errorf("%s: calls were answered: %v", v.figure, calls)
		}
	}
}

// attempts returns how many attempts to join the servers have seen since the credential was revoked.
func (v revocation) attempts(t *testing.T) counts {
	t.Helper()
	all := counts{}
	for _, at := range v.servers {
		for status, count := range at.attempts(t) {
			all[status] += count
		}
	}
	return all
}

// checkKept waits until each room says why it is not connected, and looks whether each RoomSecret says so too, and
// whether everything is still there.
func (v revocation) checkKept(t *testing.T) {
	t.Helper()
	ctx, kube := t.Context(), v.stage.kube
	for i := range roomCount {
		if !v.concerns(i) {
			continue
		}
		eventually(t, func() bool {
			var room roomv1alpha1.Room
			check(t, kube.Get(ctx, client.ObjectKey{Namespace: v.namespace, Name: v.room(i)}, &room))
			ready := meta.FindStatusCondition(room.Status.Conditions, string(roomv1alpha1.ConditionReady))
			return ready.Reason == string(roomv1alpha1.ReasonUnauthorized) && meta.IsStatusConditionTrue(room.Status.Conditions, string(roomv1alpha1.ConditionStalled))
		})
	}
	for i := range v.n {
		var rs roomv1alpha1.RoomSecret
		check(t, kube.Get(ctx, client.ObjectKey{Namespace: v.namespace, Name: v.name(i)}, &rs))
		want := roomv1alpha1.ReasonInSync
		if v.concerns(i) {
			want = roomv1alpha1.ReasonRoomNotReady
		}
		if ready := meta.FindStatusCondition(rs.Status.Conditions, string(roomv1alpha1.ConditionReady)); ready.Reason != string(want) {
			t.Errorf("%s: %s says %s, and not %s", v.figure, rs.Name, ready.Reason, want)
		}
		row, err := v.stage.rows.Store.Get(ctx, v.row(i, "").Key)
		check(t, err)
		var secret corev1.Secret
		check(t, kube.Get(ctx, client.ObjectKeyFromObject(&rs), &secret))
		if string(row.Value) != firstValue || string(secret.Data["value"]) != firstValue {
			t.Errorf("%s: the row or the Secret of %s is another one than before", v.figure, rs.Name)
		}
	}
}

// restore puts the keys that the servers accept into the Secrets.
func (v revocation) restore(t *testing.T) {
	t.Helper()
	check(t, v.stage.kube.Update(t.Context(), v.credential(0)))
	if !v.onlyFirst {
		check(t, v.stage.kube.Update(t.Context(), v.credential(1)))
	}
}

// revokedReference does what is to be done when a credential is replaced.
func (s *stage) revokedReference(t *testing.T, p population, onlyFirst bool) time.Duration {
	t.Helper()
	b := s.newBare(t, p)
	defer b.stop()
	b.onlyFirst = onlyFirst
	ctx := t.Context()
	check(t, b.watchAll(ctx))
	began := time.Now()
	check(t, s.kube.Update(ctx, p.credential(0)))
	check(t, b.connect(ctx))
	check(t, b.reportRooms(ctx))
	check(t, b.each(func(i int) error { return b.recover(ctx, i) }))
	return time.Since(began)
}
