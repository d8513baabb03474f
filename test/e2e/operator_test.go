// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/test/programs"
)

const room = "support"

// acquired is what a replica logs when it becomes the leader.
const acquired = "Successfully acquired lease"

// manifests are what a user applies: a room, a source, a push with a delegation, and a pull of what was pushed.
const manifests = `
apiVersion: v1
kind: Secret
metadata: {name: credential}
stringData: {api-key: "%[2]s"}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: support}
spec:
  endpoint: ws://%[1]s
  pollInterval: 1s
  auth: {apiKeySecretRef: {name: credential, key: api-key}}
---
apiVersion: v1
kind: Secret
metadata: {name: source}
stringData: {apiKey: one}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: push}
spec:
  roomRef: {name: support}
  push:
    secretRef: {name: source}
    deletionPolicy: Delete
    entries:
    - {name: stripe, key: apiKey, type: text/plain, forIdentity: agent, delegations: [{to: billing}]}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: pull}
spec:
  roomRef: {name: support}
  pull:
    target: {name: app}
    entries:
    - {key: STRIPE, id: stripe, forIdentity: agent}
`

// user is somebody who works with kubectl in a namespace, and with the room.
type user struct {
	*WithT
	t         *testing.T
	namespace string
	server    *programs.RoomServer
}

// newUser returns a user with a namespace of their own, in which the manifests are applied.
func newUser(t *testing.T, server *programs.RoomServer) *user {
	t.Helper()
	u := &user{WithT: NewWithT(t), t: t, server: server}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "user-"}}
	u.Expect(shared.Kube.Create(t.Context(), ns)).To(Succeed())
	u.namespace = ns.Name
	t.Cleanup(u.checkLaws)
	u.apply(fmt.Sprintf(manifests, server.Address, server.APIKey()))
	return u
}

// checkLaws checks the laws of status on all that the test leaves behind.
func (u *user) checkLaws() {
	u.t.Helper()
	broken, err := laws.CheckAll(context.WithoutCancel(u.t.Context()), shared.Kube, u.namespace)
	u.Expect(err).NotTo(HaveOccurred())
	u.Expect(broken).To(BeEmpty())
}

// apply applies manifests with kubectl.
func (u *user) apply(manifests string) {
	u.t.Helper()
	command := shared.Cluster.Kubectl(u.t.Context(), "-n", u.namespace, "apply", "-f", "-")
	command.Stdin = strings.NewReader(manifests)
	output, err := command.CombinedOutput()
	u.Expect(err).NotTo(HaveOccurred(), "%s", output)
}

// kubectl runs kubectl in the user's namespace and returns what it prints.
func (u *user) kubectl(args ...string) string {
	u.t.Helper()
	output, err := shared.Cluster.Kubectl(u.t.Context(), append([]string{"-n", u.namespace}, args...)...).CombinedOutput()
	u.Expect(err).NotTo(HaveOccurred(), "kubectl %v: %s", args, output)
	return string(output)
}

// ready waits as a pipeline would.
func (u *user) ready() {
	u.t.Helper()
	u.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "rooms/support", "roomsecrets.roomsecrets.io/push", "roomsecrets.roomsecrets.io/pull")
}

// pulled returns the value that arrived in the target.
func (u *user) pulled() (string, error) {
	var secret corev1.Secret
	err := shared.Kube.Get(u.t.Context(), client.ObjectKey{Namespace: u.namespace, Name: "app"}, &secret)
	return string(secret.Data["STRIPE"]), client.IgnoreNotFound(err)
}

// inRoom does something in the room as the agent that owns the secret.
func (u *user) inRoom(do func(context.Context, roomclient.Secrets) error) {
	u.t.Helper()
	conn, err := roomclient.Dial(u.t.Context(), roomclient.Config{
		URL: "ws://" + u.server.Address, Room: room, Token: roomclient.StaticToken(u.server.Token("agent", room)),
	})
	u.Expect(err).NotTo(HaveOccurred())
	defer func() { u.Expect(conn.Close()).To(Succeed()) }()
	u.Expect(do(u.t.Context(), conn.Secrets())).To(Succeed())
}

// held returns a function that reads what the room holds for the agent, or for a delegate.
func (u *user) held(delegate string) func() (string, error) {
	return func() (string, error) {
		var value string
		var err error
		u.inRoom(func(ctx context.Context, secrets roomclient.Secrets) error {
			secret, getErr := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "stripe", DelegatedTo: delegate})
			if errors.Is(getErr, roomclient.ErrNotFound) {
				value = "(absent)"
				return nil
			}
			value, err = string(secret.Value), getErr
			return nil
		})
		return value, err
	}
}

// tamper changes the row in the room.
func (u *user) tamper(value string) {
	u.t.Helper()
	u.inRoom(func(ctx context.Context, secrets roomclient.Secrets) error {
		return secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: "stripe", Type: "text/plain", Name: "stripe", Value: roomclient.Bytes(value)})
	})
}

func TestAValueTravelsThereAndBack(t *testing.T) {
	server := startRoomServer(t)
	startManager(t)
	u := newUser(t, server)
	u.ready()
	u.Expect(u.held("")()).To(Equal("one"))
	u.Expect(u.held("billing")()).To(Equal("one"))
	u.Expect(u.pulled()).To(Equal("one"))
	u.Expect(u.kubectl("get", "rmsec")).To(And(ContainSubstring("Push"), ContainSubstring("Pull"), ContainSubstring("2/2"), ContainSubstring("InSync")))

	// A rotation arrives on the other side.
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"two"}}`)
	u.Eventually(u.pulled).Should(Equal("two"))
	u.Eventually(u.held("billing")).Should(Equal("two"))

	// Tampering is repaired on both sides.
	u.tamper("tampered")
	u.Eventually(u.held("")).Should(Equal("two"))
	u.kubectl("patch", "secret", "app", "-p", `{"stringData":{"STRIPE":"tampered"}}`)
	u.Eventually(u.pulled).Should(Equal("two"))

	// A delegation is taken back.
	u.kubectl("patch", "rmsec", "push", "--type=json", "-p", `[{"op":"remove","path":"/spec/push/entries/0/delegations"}]`)
	u.Eventually(u.held("billing")).Should(Equal("(absent)"))
	u.Expect(u.held("")()).To(Equal("two"))

	// Deleting undoes what was done.
	u.kubectl("delete", "rmsec", "push", "pull", "--timeout="+patience.String())
	u.Expect(u.held("")()).To(Equal("(absent)"))
	u.Eventually(u.pulled).Should(BeEmpty())
}

func TestARestartedRoomServerIsNoticedAndNothingIsLost(t *testing.T) {
	server := startRoomServer(t)
	startManager(t)
	u := newUser(t, server)
	u.ready()
	server.Stop()
	u.kubectl("wait", "--for=condition=Ready=false", "--timeout="+patience.String(), "rooms/support")
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"two"}}`)
	u.Consistently(u.pulled, 2*time.Second).Should(Equal("one"))
	server.Run()
	u.Eventually(u.pulled).Should(Equal("two"))
	u.ready()
}

func TestAnotherReplicaTakesOver(t *testing.T) {
	server := startRoomServer(t)
	first, second := startManager(t), startManager(t)
	u := newUser(t, server)
	u.ready()
	leader, follower := first, second
	if !strings.Contains(first.Output(), acquired) {
		leader, follower = second, first
	}
	u.Expect(follower.Output()).NotTo(ContainSubstring(acquired))
	leader.Stop()
	u.Eventually(follower.Output).Should(ContainSubstring(acquired))
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"two"}}`)
	u.Eventually(u.pulled).Should(Equal("two"))

	// A leader that dies without a word is followed too, once its lease has expired.
	third := startManager(t)
	follower.Kill()
	u.Eventually(third.Output).Should(ContainSubstring(acquired))
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"three"}}`)
	u.Eventually(u.pulled).Should(Equal("three"))
}

// TestShardsWorkAtTheSameTime has three operators in one namespace, each with a lease of its own, and moves everything from one to
// another.
func TestShardsWorkAtTheSameTime(t *testing.T) {
	server := startRoomServer(t)
	a := startManager(t, "--watch-label-selector=shard=a")
	startManager(t, "--watch-label-selector=shard=b")
	rest := startManager(t, "--watch-label-selector=shard notin (a,b)")
	u := newUser(t, server)
	u.ready()
	u.Eventually(a.Output).Should(ContainSubstring(acquired), "nobody waits for the lease of another shard")
	u.kubectl("label", "rooms,rmsec", "--all", "shard=b")
	rest.Stop()
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"two"}}`)
	u.Eventually(u.pulled).Should(Equal("two"))
	u.ready()
}

func TestProbesAndMetrics(t *testing.T) {
	server := startRoomServer(t)
	m := startManager(t)
	u := newUser(t, server)
	u.ready()
	for _, path := range []string{"/healthz", "/readyz"} {
		response, err := http.Get("http://" + m.health + path)
		u.Expect(err).NotTo(HaveOccurred())
		response.Body.Close()
		u.Expect(response.StatusCode).To(Equal(http.StatusOK), path)
	}
	u.Expect(m.scrape(u, "")).To(ContainSubstring("401"), "metrics are not for everybody")
	metrics := m.scrape(u, u.metricsToken())
	for _, line := range []string{
		`roomsecret_connection_up{kind="Room",name="support",namespace="` + u.namespace + `"} 1`,
		`roomsecret_sync_total{direction="Push",result="changed"}`,
		`roomsecret_sync_duration_seconds_count{direction="Pull"}`,
		`roomsecret_propagation_seconds_count{direction="Push"}`,
		`roomsecret_remote_requests_total{operation="set",result="ok"}`,
		`roomsecret_objects{kind="RoomSecret",ready="True",reason="InSync",stalled="False"}`,
		`roomsecret_objects{kind="Room",ready="True",`,
	} {
		u.Expect(metrics).To(ContainSubstring(line))
	}
}

// metricsToken returns the token of a service account that may read metrics.
func (u *user) metricsToken() string {
	u.t.Helper()
	u.kubectl("create", "serviceaccount", "prometheus")
	u.kubectl("create", "clusterrolebinding", u.namespace, "--clusterrole=roomsecret-metrics-reader", "--serviceaccount="+u.namespace+":prometheus")
	return strings.TrimSpace(u.kubectl("create", "token", "prometheus"))
}

// scrape reads the metrics of a replica as Prometheus would, once it serves them: it makes a certificate first.
func (m *manager) scrape(u *user, token string) string {
	u.t.Helper()
	u.Eventually(m.Output).Should(ContainSubstring("Serving metrics server"))
	args := []string{"-sk", "-w", "%{http_code}", "https://" + m.metrics + "/metrics"}
	if token != "" {
		args = append(args, "-H", "Authorization: Bearer "+token)
	}
	output, err := exec.Command("curl", args...).Output()
	u.Expect(err).NotTo(HaveOccurred())
	return string(output)
}

// TestIdleCostsNothing counts what the API server hears from the operator while nothing changes, over several polls of
// the room: watches, and the lease of the leader.
func TestIdleCostsNothing(t *testing.T) {
	server := startRoomServer(t)
	startManager(t)
	u := newUser(t, server)
	u.ready()
	u.Eventually(u.lease).ShouldNot(BeEmpty())
	log := shared.Cluster.AuditLog()
	heard := func() []string {
		events, err := log.Read()
		u.Expect(err).NotTo(HaveOccurred())
		var requests []string
		for _, event := range events {
			lease := event.ObjectRef != nil && event.ObjectRef.Resource == "leases"
			if event.UserAgent == "roomsecret-operator" && event.Verb != "watch" && !lease {
				requests = append(requests, event.Verb+" "+event.RequestURI)
			}
		}
		return requests
	}
	u.Eventually(heard).Should(BeEmpty(), "the last writes are over")
	u.Consistently(heard, 5*time.Second).Should(BeEmpty())
}

// lease returns the holder of the leader's lease.
func (u *user) lease() (string, error) {
	var lease coordinationv1.Lease
	err := shared.Kube.Get(u.t.Context(), client.ObjectKey{Namespace: programs.Namespace, Name: "roomsecret-operator"}, &lease)
	return ptr.Deref(lease.Spec.HolderIdentity, ""), err
}
