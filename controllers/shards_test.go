// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// shardLabel is the label that the operators of these tests share the objects by.
const shardLabel = "shard"

// inShard puts a RoomSecret, and roomIn a Room, into a shard.
func inShard(name string) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) { rs.Labels = map[string]string{shardLabel: name} }
}

func roomIn(name string) func(*roomv1alpha1.Room) {
	return func(room *roomv1alpha1.Room) { room.Labels = map[string]string{shardLabel: name} }
}

// tallyStore counts what is written to each row, and what is deleted.
type tallyStore struct {
	store.Store

	mu      sync.Mutex
	written map[store.Key]int
	deleted int
}

func (s *tallyStore) Put(ctx context.Context, row store.Row) error {
	s.mu.Lock()
	s.written[row.Key]++
	s.mu.Unlock()
	return s.Store.Put(ctx, row)
}

func (s *tallyStore) Delete(ctx context.Context, key store.Key) error {
	s.mu.Lock()
	s.deleted++
	s.mu.Unlock()
	return s.Store.Delete(ctx, key)
}

func (s *tallyStore) writes() map[store.Key]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.written)
}

func (s *tallyStore) deletions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.deleted
}

// newShards returns a world for each label selector, with its manager started; all share the objects and the room server.
func newShards(t *testing.T, selectors ...string) ([]*world, *tallyStore) {
	t.Helper()
	w := newStoppedWorld(t)
	rows := &tallyStore{Store: w.store, written: map[store.Key]int{}}
	w.store = rows
	w.startServer()
	shards := make([]*world, len(selectors))
	for i, text := range selectors {
		selector, err := labels.Parse(text)
		w.Expect(err).NotTo(HaveOccurred())
		shards[i] = w.beside(fmt.Sprintf("shard-%d", i), w.namespaces...)
		shards[i].selector = selector
		shards[i].startManager()
	}
	return shards, rows
}

// beside returns a world with a manager of its own, that is not started, in which everything else is that of this one.
func (w *world) beside(name string, namespaces ...string) *world {
	other := &world{
		WithT: w.WithT, t: w.t, ctx: w.ctx, kube: w.kube, ns: w.ns, namespaces: namespaces, apiKey: w.apiKey, store: w.store,
		address: w.address, room: w.room, userAgent: w.userAgent + "-" + name, limited: w.limited,
	}
	w.t.Cleanup(other.close)
	return other
}

// writers returns who has written the status of each RoomSecret and Room in the namespaces, as resource/namespace/name, by user agent.
func (w *world) writers(log *testkube.AuditLog, namespaces ...string) map[string][]string {
	w.t.Helper()
	events, err := log.Read()
	w.Expect(err).NotTo(HaveOccurred())
	by := map[string][]string{}
	for _, event := range events {
		if event.ObjectRef == nil || event.ObjectRef.Subresource != "status" || !slices.Contains(namespaces, event.ObjectRef.Namespace) {
			continue
		}
		what := event.ObjectRef.Resource + "/" + event.ObjectRef.Namespace + "/" + event.ObjectRef.Name
		if !slices.Contains(by[what], event.UserAgent) {
			by[what] = append(by[what], event.UserAgent)
		}
	}
	return by
}

func TestEachObjectHasTheOperatorThatItsLabelsSay(t *testing.T) {
	t.Parallel()
	log := cluster.AuditLog()
	shards, rows := newShards(t, "shard=a", "shard=b", "shard notin (a,b)")
	w, want := shards[0], map[string][]string{}
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}))
	for i, name := range []string{"a", "b", ""} {
		room, credential := w.newRoom(roomIn(name), func(r *roomv1alpha1.Room) { r.Name = "room-" + name + "x" })
		if i == 0 {
			w.create(credential)
		}
		w.create(room)
		want["rooms/"+w.ns+"/"+room.Name] = []string{shards[i].userAgent}
		for j := range 10 {
			id := fmt.Sprintf("id-%d", j)
			through := func(rs *roomv1alpha1.RoomSecret) { rs.Spec.RoomRef.Name = room.Name }
			push := w.newPush(fmt.Sprintf("push-%sx-%d", name, j), []string{"a"}, through, inShard(name), func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Push.Entries[0].ID = roomv1alpha1.SecretID(id)
			})
			pull := w.newPull(fmt.Sprintf("pull-%sx-%d", name, j), []string{id}, through, inShard(name))
			w.create(push, pull)
			want["roomsecrets/"+w.ns+"/"+push.Name], want["roomsecrets/"+w.ns+"/"+pull.Name] = []string{shards[i].userAgent}, []string{shards[i].userAgent}
		}
	}
	w.Eventually(w.notInSync).Should(BeEmpty())
	w.Expect(w.writers(log, w.ns)).To(Equal(want))
	w.Expect(rows.writes()).To(And(HaveLen(30), HaveEach(1)), "each row is written once")
}

func TestEachObjectHasTheOperatorOfItsNamespace(t *testing.T) {
	t.Parallel()
	log := cluster.AuditLog()
	w := newStoppedWorld(t, "second", "third")
	w.startServer()
	want, all := map[string][]string{}, w.namespaces
	for _, namespace := range all {
		shard := w.beside(namespace, namespace)
		shard.startManager()
		room, credential := w.newRoom(func(r *roomv1alpha1.Room) { r.Namespace, r.Name = namespace, namespace })
		credential.Namespace = namespace
		w.create(credential, room, newSecret(namespace, "source", map[string]string{"a": "one"}))
		in := func(rs *roomv1alpha1.RoomSecret) { rs.Namespace, rs.Spec.RoomRef.Name = namespace, namespace }
		push, pull := w.newPush("push", []string{"a"}, in), w.newPull("pull", []string{"a"}, in)
		w.create(push, pull)
		for _, what := range []string{"rooms/" + namespace + "/" + namespace, "roomsecrets/" + namespace + "/push", "roomsecrets/" + namespace + "/pull"} {
			want[what] = []string{shard.userAgent}
		}
		w.settled(push, pull)
	}
	w.Expect(w.writers(log, all...)).To(Equal(want))
}

func TestTheKeyIsMadeOnceByShardsThatStartTogether(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	made := make(chan fingerprint.Key)
	for range 20 {
		go func() {
			key, err := controllers.EnsureKey(w.ctx, w.kube, w.ns)
			w.Expect(err).NotTo(HaveOccurred())
			made <- key
		}()
	}
	digests := map[string]bool{}
	for range 20 {
		key := <-made
		digests[key.Digest("test", []byte("a"))] = true
	}
	w.Expect(digests).To(HaveLen(1))
}

// move gives objects to another shard.
func (w *world) move(to string, objects ...client.Object) {
	w.t.Helper()
	for _, object := range objects {
		patch := client.RawPatch("application/merge-patch+json", fmt.Appendf(nil, `{"metadata":{"labels":{%q:%q}}}`, shardLabel, to))
		w.Expect(w.kube.Patch(w.ctx, object, patch)).To(Succeed())
	}
}

func TestARoomSecretOfAnotherShardThanItsRoomIsRefused(t *testing.T) {
	t.Parallel()
	shards, rows := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	w.withRoom(roomIn("a"))
	first := w.newPush("first", []string{"a"}, inShard("a"))
	second := w.newPush("second", []string{"a"}, inShard("b"), deletes)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), first, second)
	w.settled(first)
	w.Eventually(w.state(second)).Should(Equal("False/Unsupported"))
	version := second.ResourceVersion
	w.drop(w.key(own, "a")) // what the first is to write again, the second could take
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("one"))
	w.Consistently(w.version(second)).Should(Equal(version))
	w.Expect(rows.writes()).To(Equal(map[store.Key]int{w.key(own, "a"): 2}))
	w.remove(second)
	w.Eventually(w.gone(second)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
}

func TestARoomIsAnsweredInByItsShard(t *testing.T) {
	t.Parallel()
	shards, _ := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	w.withRoom(roomIn("a"))
	provide := w.newProvide("provide", []string{"a"}, inShard("a"))
	elsewhere := w.newProvide("elsewhere", []string{"b"}, inShard("b"))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), provide, elsewhere)
	w.settled(provide)
	w.Eventually(w.state(elsewhere)).Should(Equal("False/Unsupported"))
	agent := w.newAsker("agent")
	w.Expect(agent.asks("secret://a")).To(Equal("one"))
	w.Expect(agent.asks("secret://b")).To(Equal(refused(plan.RefusalUnmatched)), "who answers has no such rule")
	w.Expect(w.sum(shards[1].registry, "roomsecret_answers_total", nil)).To(BeZero(), "nobody else is in the room")
}

func TestRoomsOfAnotherShardAreNotCounted(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	for _, name := range []string{"a", "b"} {
		room, _ := w.newRoom(roomIn(name), func(r *roomv1alpha1.Room) { r.Name = name })
		w.create(room)
	}
	leads := make(chan struct{})
	close(leads)
	registry := prometheus.NewRegistry()
	selector := labels.SelectorFromSet(labels.Set{shardLabel: "a"})
	w.Expect(registry.Register(controllers.NewInventory(w.ctx, client.NewNamespacedClient(w.kube, w.ns), leads, selector))).To(Succeed())
	w.Expect(w.sum(registry, "roomsecret_objects", map[string][]string{"kind": {"Room"}})).To(Equal(1.0))
}

func TestOfTwoRoomsOfTwoShardsThatAreOneRoomTheOlderIsServed(t *testing.T) {
	t.Parallel()
	shards, rows := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	older := w.withRoom(roomIn("a"))
	w.Eventually(w.state(older)).Should(Equal(connected))
	w.growOlder(older)
	younger, _ := w.newRoom(roomIn("b"), func(r *roomv1alpha1.Room) { r.Name, r.Spec.RoomName = "a-younger", w.room })
	first := w.newPush("first", []string{"a"}, inShard("a"))
	second := w.newPush("second", []string{"a"}, inShard("b"), func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.RoomRef.Name, rs.Spec.Push.SecretRef.Name = younger.Name, "other"
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "first"}), newSecret(w.ns, "other", map[string]string{"a": "second"}), younger, first, second)
	w.settled(first)
	w.Eventually(w.state(younger)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(younger, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(w.ns + "/" + older.Name))
	w.Eventually(w.state(second)).Should(Equal("Unknown/RoomNotReady"))
	w.drop(w.key(own, "a"))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("first"))
	w.Consistently(w.version(second)).Should(Equal(second.ResourceVersion))
	w.Expect(rows.writes()).To(Equal(map[store.Key]int{w.key(own, "a"): 2}))

	w.move("b", older, first)
	w.Eventually(w.state(younger)).Should(Equal(connected), "one operator serves both, and settles who keeps what")
	w.settled(first)
	w.Eventually(w.state(second)).Should(Equal("False/Conflict"))
	w.Expect(rows.writes()).To(Equal(map[store.Key]int{w.key(own, "a"): 2}))
}

func TestOfTwoPullsOfTwoShardsIntoOneTargetOneWritesIt(t *testing.T) {
	t.Parallel()
	shards, _ := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	w.put(w.key(own, "a"), "one")
	w.put(store.Key{Room: "other", Owner: own, ID: "a"}, "two")
	other, _ := w.newRoom(roomIn("b"), func(r *roomv1alpha1.Room) { r.Name = "other" })
	w.withRoom(roomIn("a"))
	into := func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Name = "app" }
	ofOther := func(rs *roomv1alpha1.RoomSecret) { rs.Spec.RoomRef.Name = other.Name }
	first := w.newPull("first", []string{"a"}, inShard("a"), into)
	second := w.newPull("second", []string{"a"}, inShard("b"), into, ofOther)
	merging := w.newPull("merging", []string{"a"}, inShard("b"), into, ofOther, creation(roomv1alpha1.CreationMerge))
	merging.Spec.Pull.Entries[0].Key = "more"
	w.create(other, first)
	w.settled(first)
	w.create(second, merging)
	for _, refused := range []*roomv1alpha1.RoomSecret{second, merging} {
		w.Eventually(w.state(refused)).Should(Equal("False/Conflict"))
	}
	secret := w.secret("app")
	w.Consistently(w.version(secret)).Should(Equal(secret.ResourceVersion), "nobody else writes it")
	w.Expect(secret.Data).To(Equal(map[string][]byte{"a": []byte("one")}))

	w.remove(merging)
	w.remove(first)
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	w.settled(second)
}

func TestWhatMovesToAnotherShardIsTakenOverAsItIs(t *testing.T) {
	t.Parallel()
	shards, rows := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	w.put(w.key(own, "b"), "two")
	room := w.withRoom(roomIn("a"))
	push := w.newPush("push", []string{"a"}, inShard("a"), deletes)
	pull := w.newPull("pull", []string{"b"}, inShard("a"))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push, pull)
	w.settled(push, pull)
	target, written := w.secret("pull"), rows.writes()

	w.move("b", push, pull, room)
	log := cluster.AuditLog()
	w.settled(push, pull)
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Consistently(w.version(target)).Should(Equal(target.ResourceVersion), "the target is as it was")
	w.Expect(rows.writes()).To(Equal(written), "no row is written again")
	w.Expect(rows.deletions()).To(BeZero())

	w.drain(log)
	edit(w, w.secret("source"), func(s *corev1.Secret) { s.Data["a"] = []byte("three") })
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("three"))
	w.settled(push)
	w.Expect(w.requests(log, "roomsecrets", "secrets")).To(BeEmpty(), "who has let go does nothing")
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Expect(w.value(w.key(own, "a"))()).To(Equal(absent), "who has taken over knows that the row is to go")
}

func TestARoomSecretThatMovesWithoutItsRoomLosesNothing(t *testing.T) {
	t.Parallel()
	shards, rows := newShards(t, "shard=a", "shard=b")
	w := shards[0]
	room := w.withRoom(roomIn("a"))
	push := w.newPush("push", []string{"a"}, inShard("a"), deletes)
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	held := func() []string { _, _ = w.state(room)(); return room.Finalizers }
	w.Eventually(held).ShouldNot(BeEmpty())

	w.move("b", push)
	w.Eventually(w.state(push)).Should(Equal("False/Unsupported"))
	w.Consistently(held).ShouldNot(BeEmpty(), "what was pushed is still to be deleted some time")
	w.move("a", push)
	w.settled(push)
	w.Expect(rows.writes()).To(Equal(map[store.Key]int{w.key(own, "a"): 1}))

	w.move("b", push)
	w.Eventually(w.state(push)).Should(Equal("False/Unsupported"))
	w.remove(room)
	w.Eventually(w.state(room)).Should(Equal("False/Deleting"))
	w.remove(push)
	w.Eventually(w.gone(push)).Should(BeTrue())
	w.Eventually(w.gone(room)).Should(BeTrue(), "the room looks for what holds it, although no watch tells")
	w.Expect(rows.deletions()).To(BeZero(), "who could delete the row does not know of it, and who knows cannot")
	w.Expect(w.eventReasons("push")()).To(ContainElement("Orphaned"))
}
