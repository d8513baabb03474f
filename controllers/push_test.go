// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

func TestAPushCreatesUpdatesAndRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"})
	push := w.newPush("push", []string{"a", "b"})
	w.create(source, push)
	w.settled(push)
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
	w.Expect(w.value(w.key(own, "b"))()).To(Equal("two"))
	w.Expect(push.Status.Summary.Ready).To(Equal("2/2"))
	w.Expect(push.Finalizers).To(BeEmpty(), "with Retain there is nothing to undo")

	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("three") })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("three"))
	w.settled(push)
}

func TestAPushSetsTypeNameAndOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		e := &rs.Spec.Push.Entries[0]
		e.ID, e.DisplayName, e.Type, e.ForIdentity = "other/id", "Other name", "application/json", "alice@example.com"
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "{}"}), push)
	w.settled(push)
	row, err := w.store.Get(w.ctx, w.key("alice@example.com", "other/id"))
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(row.Type).To(Equal("application/json"))
	w.Expect(row.Name).To(Equal("Other name"))
	w.Expect(push.Status.Entries[0].Name).To(Equal("other/id@alice@example.com"))
}

func TestAPushCreatesAndTakesBackDelegations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[0].Delegations = []roomv1alpha1.Delegation{{To: "billing"}, {To: "audit"}}
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	for _, delegate := range []string{"", "billing", "audit"} {
		w.Expect(w.value(w.key(own, "a", delegate))()).To(Equal("one"))
	}

	edit(w, push, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[0].Delegations = rs.Spec.Push.Entries[0].Delegations[:1]
	})
	w.Eventually(w.value(w.key(own, "a", "audit"))).Should(Equal(absent))
	w.settled(push)
	w.Expect(w.value(w.key(own, "a", "billing"))()).To(Equal("one"))
}

func TestAPushOfAllKeysFollowsTheKeys(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"})
	push := w.newPush("push", nil, deletes, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.AllKeys = &roomv1alpha1.PushAllKeys{IDPrefix: "app-", Type: "text/plain"}
	})
	w.create(source, push)
	w.settled(push)
	w.Expect(w.value(w.key(own, "app-a"))()).To(Equal("one"))

	edit(w, source, func(s *corev1.Secret) { delete(s.Data, "a"); s.Data["c"] = []byte("three") })
	w.Eventually(w.value(w.key(own, "app-c"))).Should(Equal("three"))
	w.Eventually(w.value(w.key(own, "app-a"))).Should(Equal(absent))
	w.Expect(w.value(w.key(own, "app-b"))()).To(Equal("two"))
}

func TestAnEntryThatIsTakenOutStaysOrGoesAsThePolicySays(t *testing.T) {
	t.Parallel()
	for policy, after := range map[roomv1alpha1.DeletionPolicy]string{roomv1alpha1.DeletionRetain: "two", roomv1alpha1.DeletionDelete: absent} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			push := w.newPush("push", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DeletionPolicy = policy })
			w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
			w.settled(push)
			edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries = rs.Spec.Push.Entries[:1] })
			w.settled(push)
			w.Expect(w.value(w.key(own, "b"))()).To(Equal(after))
			w.Expect(push.Status.Entries).To(HaveLen(1))
		})
	}
}

func TestARowThatIsNotOurs(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		policy roomv1alpha1.ConflictPolicy
		state  string
		value  string
		origin roomv1alpha1.Origin
	}{
		"is left alone and reported with Fail": {roomv1alpha1.ConflictFail, "False/Conflict", "theirs", ""},
		"is left alone with Skip":              {roomv1alpha1.ConflictSkip, inSync, "theirs", ""},
		"is taken over with Adopt":             {roomv1alpha1.ConflictAdopt, inSync, "ours", roomv1alpha1.OriginAdopted},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "theirs")
			w.withRoom()
			push := w.newPush("push", []string{"a"}, deletes, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.ConflictPolicy = c.policy })
			w.create(newSecret(w.ns, "source", map[string]string{"a": "ours"}), push)
			w.Eventually(w.state(push)).Should(Equal(c.state))
			w.Consistently(w.value(w.key(own, "a"))).Should(Equal(c.value))
			w.Expect(push.Status.Entries[0].Origin).To(Equal(c.origin))

			w.remove(push)
			w.Eventually(w.gone(push)).Should(BeTrue())
			if c.origin == "" {
				w.Expect(w.value(w.key(own, "a"))()).To(Equal("theirs"), "what is not ours is never deleted")
			}
		})
	}
}

func TestAConflictEndsWhenTheOtherRowGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "theirs")
	w.withRoom()
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "ours"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(push, roomv1alpha1.ConditionStalled)).NotTo(BeNil())
	w.drop(w.key(own, "a"))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("ours"))
	w.settled(push)
}

func TestDriftInTheRoom(t *testing.T) {
	t.Parallel()
	change := map[string]func(*world){
		"a value that was changed":  func(w *world) { w.put(w.key(own, "a"), "tampered") },
		"a row that was deleted":    func(w *world) { w.drop(w.key(own, "a")) },
		"a type that was exchanged": func(w *world) { w.exchangeType(w.key(own, "a"), "text/html") },
	}
	for what, tamper := range change {
		t.Run(what+" is corrected", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			push := w.newPush("push", []string{"a"})
			w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
			w.settled(push)
			tamper(w)
			w.Eventually(w.row(w.key(own, "a"))).Should(Equal("text/plain one"))
			w.settled(push)
		})
		t.Run(what+" is reported", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			push := w.newPush("push", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DriftPolicy = roomv1alpha1.DriftReport })
			source := newSecret(w.ns, "source", map[string]string{"a": "one"})
			w.create(source, push)
			w.settled(push)
			tamper(w)
			w.Eventually(w.state(push)).Should(Equal("False/Drifted"))
			w.Expect(w.condition(push, roomv1alpha1.ConditionDrifted)).NotTo(BeNil())
			w.Consistently(w.row(w.key(own, "a"))).ShouldNot(Equal("text/plain one"))

			edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
			w.Eventually(w.row(w.key(own, "a"))).Should(Equal("text/plain two"), "an edit of the source is carried out all the same")
			w.settled(push)
		})
		t.Run(what+" is ignored", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.withRoom()
			push := w.newPush("push", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.DriftPolicy = roomv1alpha1.DriftIgnore })
			w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
			w.settled(push)
			tamper(w)
			w.Consistently(w.state(push)).Should(Equal(inSync))
			w.Expect(w.row(w.key(own, "a"))()).NotTo(Equal("text/plain one"))
		})
	}
}

// exchangeType changes the type of a row, behind the operator's back.
func (w *world) exchangeType(key store.Key, mime string) {
	w.t.Helper()
	row, err := w.store.Get(w.ctx, key)
	w.Expect(err).NotTo(HaveOccurred())
	row.Type = mime
	w.Expect(w.store.Put(w.ctx, row)).To(Succeed())
}

// row returns a function that reads type and value of a row.
func (w *world) row(key store.Key) func() (string, error) {
	return func() (string, error) {
		value, err := w.value(key)()
		if err != nil || value == absent {
			return value, err
		}
		row, err := w.store.Get(w.ctx, key)
		return strings.TrimSpace(row.Type + " " + value), err
	}
}

func TestAMissingSourceDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, push := newSecret(w.ns, "source", map[string]string{"a": "one"}), w.newPush("push", []string{"a"}, deletes)
	w.create(push)
	w.Eventually(w.state(push)).Should(Equal("False/SourceNotFound"))
	w.create(source)
	w.settled(push)

	w.remove(source)
	w.Eventually(w.state(push)).Should(Equal("False/SourceNotFound"))
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("one"))
	w.Expect(push.Status.Entries).To(HaveLen(1), "the ledger stays")
	w.create(newSecret(w.ns, "source", map[string]string{"a": "two"}))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
	w.settled(push)
}

func TestAMissingKeyHoldsUpNobodyElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, push := newSecret(w.ns, "source", map[string]string{"a": "one"}), w.newPush("push", []string{"a", "b"})
	w.create(source, push)
	w.Eventually(w.state(push)).Should(Equal("False/KeyNotFound"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
	w.Expect(w.condition(push, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(`"b"`))
	edit(w, source, func(s *corev1.Secret) { s.Data["b"] = []byte("two") })
	w.settled(push)
}

func TestTwoEntriesForOneRowAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.Entries[1].ID, rs.Spec.Push.Entries[1].ForIdentity = "a", own // the schema cannot see that these are one
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), push)
	w.Eventually(w.state(push)).Should(Equal("False/Conflict"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
}

func TestALedgerThatSomebodyForgedGivesNoRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.stopManager()
	w.put(w.key(own, "victim"), "theirs")
	forged := push.Status.Entries[0]
	forged.Name, forged.ID = "victim", "victim"
	push.Status.Entries = append(push.Status.Entries, forged)
	w.Expect(w.kube.Status().Update(w.ctx, push)).To(Succeed())
	w.startManager()
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent))
	w.Expect(w.value(w.key(own, "victim"))()).To(Equal("theirs"))
}

func TestAnEmptyValueIsAValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	push, pull := w.newPush("push", []string{"a"}), w.newPull("pull", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": ""}), push, pull)
	w.settled(push, pull)
	w.Expect(w.value(w.key(own, "a"))()).To(BeEmpty())
	w.Expect(w.secretValue("pull", "a")()).To(BeEmpty())
}

func TestADeletedSourceTakesWhatWasPushedWithIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, push := newSecret(w.ns, "source", map[string]string{"a": "one"}), w.newPush("push", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Push.OnSourceDeleted = roomv1alpha1.SourceDeletedDelete
	})
	w.create(source, push)
	w.settled(push)
	w.put(w.key(own, "theirs"), "kept")
	w.remove(source)
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal(absent))
	w.Eventually(w.state(push)).Should(Equal("False/SourceNotFound"))
	w.Expect(w.value(w.key(own, "theirs"))()).To(Equal("kept"))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "two"}))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
	w.settled(push)
}
