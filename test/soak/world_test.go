// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
	"github.com/roomsecrets/roomsecret-operator/test/programs"
	"github.com/roomsecrets/roomsecret-operator/test/soak/model"
)

const (
	// patience is how long the operator may take to be done. It is a bound for a busy machine, and shorter than after what
	// the operator gives up to delete what is out of reach.
	patience = 100 * time.Second
	// pollInterval of the rooms, and stillness, for so long nothing is written at a quiet point.
	pollInterval, stillness = time.Second, 3 * time.Second
	// credential is the Secret with which the rooms are joined.
	credential = "credential"
)

// world is a cluster with the operator, and a room server. The operator reaches both through gates; everybody else directly.
type world struct {
	*gomega.WithT
	t          *testing.T
	ctx        context.Context
	kube       client.Client
	dir        string
	kubeconfig string
	server     *programs.RoomServer
	rest       *roomclient.REST
	rooms, api *gate

	operator *programs.Program
	// addresses of its probes and metrics.
	health, metrics string
	// running is false while the operator is meant to be down. blind is true when it could not reach the API server since
	// the last quiet point: then it may end, and is started again, as a kubelet does.
	running, blind bool
	revived        int
	// heard are the programs that have run since the last quiet point.
	heard []*programs.Program

	requests *testkube.AuditLog
	calls    *callLog
	// theirs are the versions of the Secrets that are nobody's business.
	theirs []string
	// secrets are the keys that nobody may tell.
	secrets []string
	burst   model.Burst
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{WithT: gomega.NewWithT(t), t: t, ctx: t.Context(), dir: t.TempDir()}
	w.Expect(programs.Build(w.ctx, w.dir)).To(gomega.Succeed())
	cluster, err := testkube.Start(w.ctx, testkube.Options{Audit: true})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	t.Cleanup(func() { w.Expect(cluster.Stop()).To(gomega.Succeed()) })
	installed, err := programs.Install(w.ctx, cluster)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.kube, w.requests = installed.Kube, cluster.AuditLog()

	w.calls = &callLog{testkube.Tail{Path: filepath.Join(w.dir, "calls.log")}}
	w.server = programs.StartRoomServer(t, w.dir, "--audit-log", w.calls.Path)
	w.heard = append(w.heard, w.server.Program)
	key, err := token.ParseAPIKey(w.server.APIKey())
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.rest, err = roomclient.NewREST(roomclient.RESTConfig{
		URL: "http://" + w.server.Address, ProjectID: key.ProjectID.String(), Token: roomclient.StaticToken(w.server.APIKey()),
	})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.secrets = []string{model.Canary, string(key.Secret)}

	w.rooms, w.api = openGate(t, w.server.Address), openGate(t, strings.Trim(strings.TrimPrefix(cluster.Config.Host, "https:"), "/"))
	w.kubeconfig = filepath.Join(w.dir, "manager.kubeconfig")
	w.Expect(installed.WriteKubeconfig(w.ctx, programs.Namespace, programs.ServiceAccount, "https://"+w.api.address(), w.kubeconfig)).To(gomega.Succeed())
	w.health, w.metrics = programs.FreeAddress(t), programs.FreeAddress(t)
	for room := range roomCount {
		w.furnish(room)
	}
	w.startOperator()
	return w
}

// namespace returns the name of a room, and of the namespace of those who use it.
func namespace(room int) string { return fmt.Sprint("room-", room) }

// furnish makes what is there before the first burst.
func (w *world) furnish(room int) {
	w.t.Helper()
	name := namespace(room)
	theirs := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: model.Theirs}}
	begin := model.Beginning()
	for key, value := range begin.Secrets[model.Theirs].Data {
		theirs.StringData = map[string]string{key: value}
	}
	for _, object := range []client.Object{
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}},
		theirs,
		&roomv1alpha1.Room{
			ObjectMeta: metav1.ObjectMeta{Namespace: name, Name: name},
			Spec: roomv1alpha1.RoomSpec{
				RoomConnection: roomv1alpha1.RoomConnection{
					Endpoint: "ws://" + w.rooms.address(), PollInterval: &metav1.Duration{Duration: pollInterval},
				},
				Auth: roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: credential, Key: "api-key"}},
			},
		},
	} {
		w.Expect(w.kube.Create(w.ctx, object)).To(gomega.Succeed())
	}
	w.theirs = append(w.theirs, theirs.ResourceVersion)
	w.credential(room, model.RestoreCredential)
	for row, content := range begin.Rows {
		w.perform(model.Event{Room: room, Step: model.PutRow{Row: row, Content: content}})
	}
}

func (w *world) startOperator() {
	w.t.Helper()
	w.operator = programs.StartManager(w.t, w.dir, w.kubeconfig, w.health, w.metrics, "--leader-elect=false")
	w.running = true
	w.heard = append(w.heard, w.operator)
}

// tend starts the operator again when it has ended by itself, which it may if it cannot reach the API server.
func (w *world) tend() {
	w.t.Helper()
	if !w.running || !w.operator.Ended() {
		return
	}
	w.Expect(w.blind).To(gomega.BeTrue(), "the operator has ended by itself\n%s", w.story())
	w.revived++
	w.startOperator()
}
