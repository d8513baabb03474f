// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"maps"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// counted is a room server that counts who comes and who is there.
type counted struct {
	w        *world
	registry *prometheus.Registry
}

// startCounted starts the room server with more keys than that of the world.
func (w *world) startCounted(more ...token.APIKey) counted {
	w.t.Helper()
	registry := prometheus.NewRegistry()
	w.startServerWith(roomserver.Config{APIKeys: more, Registry: registry})
	return counted{w, registry}
}

// came returns how many have been let in so far.
func (c counted) came() float64 {
	return c.w.sum(c.registry, "roomserver_handshakes_total", map[string][]string{"status": {"101"}})
}

// inside returns how many are connected.
func (c counted) inside() float64 { return c.w.sum(c.registry, "roomserver_connections", nil) }

// setCredential puts another value into the Secret with the credential.
func (w *world) setCredential(key, value string) {
	w.t.Helper()
	edit(w, newSecret(w.ns, "credential", nil), func(s *corev1.Secret) { s.Data[key] = []byte(value) })
}

// failures returns how many reconciles did not end in sync.
func (w *world) failures() float64 {
	return w.sum(w.registry, "roomsecret_sync_total", map[string][]string{"result": {"waiting", "stalled", "failed"}})
}

// witness notes how the RoomSecrets of a world stand, at every change, until the function that it returns is called. That
// returns all that they said.
func (w *world) witness() (stop func() []string) {
	w.t.Helper()
	kube, err := client.NewWithWatch(cluster.Config, client.Options{Scheme: scheme(w.t)})
	w.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(w.ctx)
	events, err := kube.Watch(ctx, &roomv1alpha1.RoomSecretList{}, client.InNamespace(w.ns))
	w.Expect(err).NotTo(HaveOccurred())
	said := map[string]bool{}
	var done sync.WaitGroup
	done.Go(func() {
		for event := range events.ResultChan() {
			if rs, ok := event.Object.(*roomv1alpha1.RoomSecret); ok {
				for _, c := range rs.Status.Conditions {
					said[c.Type+"="+string(c.Status)+"/"+c.Reason] = true
				}
			}
		}
	})
	return func() []string {
		events.Stop()
		cancel()
		done.Wait()
		return slices.Sorted(maps.Keys(said))
	}
}

// hammer asks for syncs of RoomSecrets all the time, until the function that it returns is called.
func (w *world) hammer(objects ...*roomv1alpha1.RoomSecret) (stop func()) {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.ctx)
	var done sync.WaitGroup
	for _, object := range objects {
		done.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				patch := `{"metadata":{"annotations":{"` + roomv1alpha1.AnnotationRequestedAt + `":"` + strconv.Itoa(i) + `"}}}`
				copied := object.DeepCopy()
				if err := w.kube.Patch(ctx, copied, client.RawPatch(client.Merge.Type(), []byte(patch))); err != nil && ctx.Err() == nil {
					w.t.Error(err)
				}
			}
		})
	}
	return func() {
		cancel()
		done.Wait()
	}
}

// Syncs go on all the time while the key is rotated back and forth. None of them fails, and no status says anything else
// than before.
func TestARotatedKeyFailsNoSync(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	old := w.apiKey
	fresh, err := token.NewAPIKey()
	w.Expect(err).NotTo(HaveOccurred())
	server := w.startCounted(fresh)
	w.startManager()
	room := w.withRoom()
	w.put(w.key(own, "b"), "two")
	source := newSecret(w.ns, "source", map[string]string{"a": "one", "c": "three"})
	push := w.newPush("push", []string{"a", "c"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[1].ForIdentity = "alice" })
	pull := w.newPull("pull", []string{"b"})
	w.create(source, push, pull)
	w.settled(push, pull)
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Expect(server.inside()).To(Equal(2.0), "ourselves, and alice")

	testimony, stop := w.witness(), w.hammer(push, pull)
	before := w.failures()
	for i, key := range []token.APIKey{fresh, old, fresh} {
		came := server.came()
		w.setCredential("api-key", key.Encode())
		w.Eventually(server.came).Should(Equal(came + 2))
		w.Eventually(server.inside).Should(Equal(2.0), "the old connections are closed")
		value := strconv.Itoa(i)
		edit(w, source, func(s *corev1.Secret) { s.Data["a"], s.Data["c"] = []byte(value), []byte(value) })
		w.Eventually(w.value(w.key(own, "a"))).Should(Equal(value))
		w.Eventually(w.value(w.key("alice", "c"))).Should(Equal(value))
	}
	stop()
	w.settled(push, pull)
	w.Expect(testimony()).To(Equal([]string{"Ready=" + inSync}))
	w.Expect(w.failures()).To(Equal(before))
	w.Expect(w.state(room)()).To(Equal(connected))
}

func TestARotatedTokenFailsNoSync(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	server := w.startCounted()
	w.startManager()
	room := w.withTokenRoom(w.sign("carol", w.room, false))
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.Eventually(w.state(room)).Should(Equal(connected))

	testimony, stop := w.witness(), w.hammer(push)
	before := w.failures()
	w.setCredential("token", w.sign("carol", w.room, true))
	w.Eventually(server.came).Should(Equal(2.0))
	w.Eventually(server.inside).Should(Equal(1.0))
	stop()
	w.settled(push)
	w.Expect(testimony()).To(Equal([]string{"Ready=" + inSync}))
	w.Expect(w.failures()).To(Equal(before))
	edit(w, push, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ForIdentity = "alice" })
	w.Eventually(w.value(w.key("alice", "a"))).Should(Equal("one"), "what the fresh token allows, and the old one did not")
}

func TestARotatedCredentialThatIsRefusedStopsWhatTheOldOneDid(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	server := w.startCounted()
	w.startManager()
	room := w.withRoom()
	push := w.newPush("push", []string{"a"}, deletes)
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	w.create(source, push)
	w.settled(push)
	unknown, err := token.NewAPIKey()
	w.Expect(err).NotTo(HaveOccurred())
	w.setCredential("api-key", unknown.Encode())
	w.Eventually(w.state(room)).Should(Equal("False/Unauthorized"))
	w.Expect(meta.IsStatusConditionTrue(room.Status.Conditions, string(roomv1alpha1.ConditionStalled))).To(BeTrue())
	w.Eventually(server.inside).Should(BeZero())
	w.Eventually(w.state(push)).Should(Equal("Unknown/RoomNotReady"))

	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Consistently(w.value(w.key(own, "a"))).Should(Equal("one"))
	w.setCredential("api-key", w.apiKey.Encode())
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("two"))
	w.settled(push)
}

func TestAWithdrawnCredentialStopsEverythingAndDeletesNothing(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	server := w.startCounted()
	w.startManager()
	room := w.withRoom()
	w.put(w.key(own, "b"), "two")
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	push, pull := w.newPush("push", []string{"a"}, deletes), w.newPull("pull", []string{"b"})
	w.create(source, push, pull)
	w.settled(push, pull)

	w.remove(newSecret(w.ns, "credential", nil))
	w.Eventually(w.state(room)).Should(Equal("False/CredentialNotFound"))
	w.Eventually(server.inside).Should(BeZero())
	for _, rs := range []*roomv1alpha1.RoomSecret{push, pull} {
		w.Eventually(w.state(rs)).Should(Equal("Unknown/RoomNotReady"))
		w.Expect(rs.Status.Entries).To(HaveLen(1), "the ledger stays")
	}
	came := server.came()
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("changed") })
	w.put(w.key(own, "b"), "changed")
	w.Consistently(w.secretValue("pull", "b")).Should(Equal("two"))
	w.Expect(w.value(w.key(own, "a"))()).To(Equal("one"))
	w.Expect(server.came()).To(Equal(came), "nobody tries")

	w.create(newSecret(w.ns, "credential", map[string]string{"api-key": w.apiKey.Encode()}))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("changed"))
	w.Eventually(w.secretValue("pull", "b")).Should(Equal("changed"))
	w.settled(push, pull)
}

// A manager that sees some namespaces is not told of a Secret in another.
func TestACredentialInANamespaceThatIsNotWatchedIsReadAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, "credentials")
	room := w.withClusterRoom(roomv1alpha1.OperationWrite)
	elsewhere := w.namespaces[1]
	credential := newSecret(elsewhere, "key", map[string]string{"api-key": "ma-nonsense"})
	w.create(credential)
	edit(w, room, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Auth.APIKeySecretRef.Namespace, r.Spec.Auth.APIKeySecretRef.Name = elsewhere, "key"
	})
	w.stopManager()
	w.namespaces, w.limited = w.namespaces[:1], true
	w.startManager()
	w.Eventually(w.state(room)).Should(Equal("False/InvalidCredential"))
	edit(w, credential, func(s *corev1.Secret) { s.Data["api-key"] = []byte(w.apiKey.Encode()) })
	w.Eventually(w.state(room)).Should(Equal(connected))
}

func TestTheServiceMaySayWhoTheOperatorIs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withRoom(func(r *roomv1alpha1.Room) { r.Spec.TokenSource = roomv1alpha1.TokenSourceConnect })
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.Eventually(w.state(room)).Should(Equal(connected))
	identity := "key-" + w.apiKey.ID.String()
	w.Expect(room.Status.Identity).To(Equal(identity))
	w.Expect(w.value(w.key(identity, "a"))()).To(Equal("one"))

	edit(w, room, func(r *roomv1alpha1.Room) { r.Spec.TokenSource = "" })
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.Expect(room.Status.Identity).To(Equal(own))
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("one"))
}

// What is asked of a room or of a RoomSecret wakes a session that was refused and would not try again for an hour.
func TestARequestConnectsARoomThatWasRefused(t *testing.T) {
	t.Parallel()
	for name, ask := range map[string]func(*world, *roomv1alpha1.Room, *roomv1alpha1.RoomSecret){
		"asked of the room": func(w *world, room *roomv1alpha1.Room, _ *roomv1alpha1.RoomSecret) {
			edit(w, room, func(r *roomv1alpha1.Room) {
				metav1.SetMetaDataAnnotation(&r.ObjectMeta, roomv1alpha1.AnnotationRequestedAt, "now")
			})
			w.Eventually(func() string { _, _ = w.state(room)(); return room.Status.LastHandledRequestedAt }).Should(Equal("now"))
		},
		"asked of a RoomSecret": func(w *world, _ *roomv1alpha1.Room, push *roomv1alpha1.RoomSecret) {
			request(w, push, "now")
			w.Eventually(w.handled(push)).Should(Equal("now"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newStoppedWorld(t)
			w.startServerWith(roomserver.Config{Rooms: []string{"another"}})
			w.startManager()
			room := w.withRoom(rarely)
			push := w.newPush("push", []string{"a"})
			w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
			w.Eventually(w.state(room)).Should(Equal("False/RoomUnknown"))
			w.stopServer()
			w.startServer()
			w.Consistently(w.state(room)).Should(Equal("False/RoomUnknown"))
			ask(w, room, push)
			w.Eventually(w.state(room)).Should(Equal(connected))
			w.settled(push)
		})
	}
}

// rarely makes a room be read once an hour.
func rarely(r *roomv1alpha1.Room) { r.Spec.PollInterval = &metav1.Duration{Duration: time.Hour} }

func TestARequestHasARoomReadAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	room := w.withRoom(rarely)
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)
	w.put(w.key(own, "a"), "tampered")
	edit(w, room, func(r *roomv1alpha1.Room) {
		metav1.SetMetaDataAnnotation(&r.ObjectMeta, roomv1alpha1.AnnotationRequestedAt, "now")
	})
	w.Eventually(w.value(w.key(own, "a"))).Should(Equal("one"))
}
