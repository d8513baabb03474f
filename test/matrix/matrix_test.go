// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
)

// cell is a policy and an event, and what is expected of them.
type cell struct {
	direction roomv1alpha1.Direction
	policy    policy
	column    column
	outcome   outcome
}

// name returns the name of the test of the cell, such as push/driftPolicy=Report/room value changed.
func (c cell) name() string {
	return strings.ToLower(string(c.direction)) + "/" + c.policy.name + "=" + c.policy.value + "/" + string(c.column.event)
}

// cells returns all cells that have a test, one column after the other: what happens to the operator itself comes last.
func cells() []cell {
	var all []cell
	for _, column := range columns() {
		for _, table := range tables() {
			for _, policy := range table.rows {
				if outcome := policy.outcome(column, table.direction); outcome.effect != isImpossible {
					all = append(all, cell{table.direction, policy, column, outcome})
				}
			}
		}
	}
	return all
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	for _, c := range cells() {
		t.Run(c.name(), func(t *testing.T) {
			server, arrive, back := c.takesPart(t)
			t.Parallel()
			w := newWorld(t, c.direction, c.policy, server)
			w.arrive = arrive
			before := w.versionsNow()
			c.column.happens(w)
			w.becomes(c, before)
			if back != nil {
				w.Expect(back()).To(gomega.Succeed())
				w.Eventually(w.state).Should(gomega.Equal(stateOf(c.policy.starts)), "the room is back")
			}
		})
	}
}

// takesPart has the test of a cell take part in what happens to several cells at once. It returns the room server of the
// cell, how to wait for its event, and how to wait for the end of it, if it has one.
func (c cell) takesPart(t *testing.T) (server *roomServer, arrive, back func() error) {
	t.Helper()
	restart := shared.restart.join(t) // everybody: the operator is restarted when the others are done
	switch c.column.event {
	case operatorRestarted:
		return shared.steady, restart, nil
	case roomUnreachable:
		return shared.shaky, shared.outage.join(t), shared.recovery.join(t)
	default:
		return shared.steady, nil, nil
	}
}

// end is how a cell ends.
type end struct {
	State, Copy string
	// Writes are what was done to the room.
	Writes []string
}

// becomes waits until the world is as the cell says, and nothing is written any more.
func (w *world) becomes(c cell, before []string) {
	w.t.Helper()
	want, rewritten := w.endOf(c)
	w.Eventually(w.now).Should(gomega.Equal(want))
	after, since := w.versionsNow(), time.Now()
	w.Eventually(func() time.Duration {
		w.Expect(w.now()).To(gomega.Equal(want))
		if versions := w.versionsNow(); !slices.Equal(versions, after) {
			after, since = versions, time.Now()
		}
		return time.Since(since)
	}).Should(gomega.BeNumerically(">", stillness), "it is written again and again")
	if !rewritten && !w.touched && !w.pushes() && after[1] != "" {
		w.Expect(after[1]).To(gomega.Equal(before[1]), "the target was written")
	}
	if c.outcome.effect == isNothing {
		w.Expect(after).To(gomega.Equal(before))
	}
	w.checkTheirs(c)
}

// endOf returns how a cell should end, and whether the copy is written for it.
func (w *world) endOf(c cell) (want end, rewritten bool) {
	w.t.Helper()
	want = end{State: stateOf(c.outcome.reason), Copy: w.was}
	if c.column.event == roomSecretDeleted {
		want.State = gone
	}
	if undone := c.outcome.effect == isWritten || c.outcome.effect == isDeleted; !undone {
		w.Expect(w.touched).To(gomega.Equal(c.outcome.effect == isLeft), "what somebody else has changed is not kept but left")
	}
	switch c.outcome.effect {
	case isWritten:
		want.Copy, want.Writes = w.want, []string{"write " + id}
	case isDeleted:
		want.Copy, want.Writes = absent, []string{"delete " + id}
	case isKept, isLeft, isNothing, isImpossible:
		return want, false
	}
	if !w.pushes() {
		want.Writes = nil
	}
	return want, true
}

// now returns how things stand.
func (w *world) now() (end, error) {
	state, err := w.state()
	if err != nil {
		return end{}, err
	}
	copied, err := w.copied()
	return end{State: state, Copy: copied, Writes: w.server.watched.written(w.ns)}, err
}

func (w *world) versionsNow() []string {
	w.t.Helper()
	versions, err := w.versions()
	w.Expect(err).NotTo(gomega.HaveOccurred())
	return versions
}

// checkTheirs checks that what is somebody else's is still there.
func (w *world) checkTheirs(c cell) {
	w.t.Helper()
	row, err := w.server.rows.Get(w.ctx, w.key(theirs))
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(string(row.Value)).To(gomega.Equal("their value"))
	_, shares := w.secret.Data[theirs]
	if w.pushes() || !shares || c.column.event == targetDeleted || (c.outcome.effect == isDeleted && !w.merges()) {
		return
	}
	var secret corev1.Secret
	w.Expect(shared.kube.Get(w.ctx, client.ObjectKeyFromObject(w.secret), &secret)).To(gomega.Succeed())
	w.Expect(secret.Data).To(gomega.HaveKeyWithValue(theirs, []byte("their value")))
}

// leave checks what the cell leaves behind, and tidies up: a room that nobody needs any more would be read on and on.
func (w *world) leave() {
	w.ctx = context.WithoutCancel(w.ctx) // the context of a test is done when its clean-up begins
	w.checkLaws()
	for _, object := range []client.Object{w.rs, w.room} {
		w.Expect(client.IgnoreNotFound(shared.kube.Delete(w.ctx, object))).To(gomega.Succeed())
	}
}

// checkLaws checks the laws of status on what the cell leaves behind, and that no status tells a value.
func (w *world) checkLaws() {
	w.t.Helper()
	var list roomv1alpha1.RoomSecretList
	w.Expect(shared.kube.List(w.ctx, &list, client.InNamespace(w.ns))).To(gomega.Succeed())
	text, err := json.Marshal(list)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(string(text)).NotTo(gomega.ContainSubstring(" value"))
	broken, err := laws.CheckAll(w.ctx, shared.kube, w.ns)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(broken).To(gomega.BeEmpty())
}
