// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

var (
	// cluster starts the API server when a test first needs it.
	cluster = sync.OnceValues(func() (*testkube.Cluster, error) {
		ctrl.SetLogger(logr.Discard())
		started.Store(true)
		return testkube.Start(context.Background(), testkube.Options{CRDPaths: []string{"../../config/crd/bases"}})
	})
	started atomic.Bool
)

// stopCluster stops the API server after the last test.
func stopCluster() error {
	c, err := cluster()
	if err != nil {
		return err
	}
	return c.Stop()
}

// operated is a room with the operator in it, and a namespace that has the Room.
type operated struct {
	*WithT
	t       *testing.T
	ctx     context.Context
	kube    client.Client
	cluster *testkube.Cluster
	scheme  *runtime.Scheme
	server  *service
	ns      string
	room    string

	// consents are the requests that wait for a person, as the replica that was started last sees them.
	consents consent.Store
}

// consentURL is where people would approve, if they did not in the tests' own ways.
const consentURL = "https://consent.example"

// operate serves a room and makes a Room of it. The operator does not run yet.
func operate(t *testing.T, changes ...func(*roomserver.Config)) *operated {
	t.Helper()
	o := &operated{WithT: NewWithT(t), t: t, ctx: t.Context(), server: serve(t, changes...), room: newRoom(), scheme: runtime.NewScheme()}
	o.SetDefaultEventuallyTimeout(patience)
	o.SetDefaultEventuallyPollingInterval(20 * time.Millisecond)
	var err error
	o.cluster, err = cluster()
	o.Expect(err).NotTo(HaveOccurred())
	o.Expect(errors.Join(clientgoscheme.AddToScheme(o.scheme), roomv1alpha1.AddToScheme(o.scheme))).To(Succeed())
	o.kube, err = client.New(o.cluster.Config, client.Options{Scheme: o.scheme})
	o.Expect(err).NotTo(HaveOccurred())
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "interop-"}}
	o.create(namespace)
	o.ns = namespace.Name
	t.Cleanup(o.checkLaws)
	o.secret("meshagent", map[string]string{"api-key": o.server.key().Encode()})
	o.create(&roomv1alpha1.Room{
		ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: "room"},
		Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{
				Endpoint: "ws://" + o.server.address, RoomName: o.room, PollInterval: &metav1.Duration{Duration: time.Second},
			},
			Auth: roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "meshagent", Key: "api-key"}},
		},
	})
	return o
}

// checkLaws checks the laws of status on all that the test leaves behind.
func (o *operated) checkLaws() {
	o.t.Helper()
	broken, err := laws.CheckAll(context.WithoutCancel(o.ctx), o.kube, o.ns)
	o.Expect(err).NotTo(HaveOccurred())
	o.Expect(broken).To(BeEmpty())
}

func (o *operated) create(object client.Object) {
	o.t.Helper()
	o.Expect(o.kube.Create(o.ctx, object)).To(Succeed())
}

func (o *operated) secret(name string, data map[string]string) {
	o.t.Helper()
	o.create(&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: name}, StringData: data})
}

// roomSecret creates a RoomSecret of the room.
func (o *operated) roomSecret(name string, spec roomv1alpha1.RoomSecretSpec) {
	o.t.Helper()
	spec.RoomRef.Name = "room"
	o.create(&roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: o.ns, Name: name}, Spec: spec})
}

// status returns the status of a RoomSecret.
func (o *operated) status(name string) roomv1alpha1.RoomSecretStatus {
	var rs roomv1alpha1.RoomSecret
	o.Expect(o.kube.Get(o.ctx, client.ObjectKey{Namespace: o.ns, Name: name}, &rs)).To(Succeed())
	return rs.Status
}

// reason returns the reason of the condition Ready of a RoomSecret.
func (o *operated) reason(name string) func() string {
	return func() string {
		for _, condition := range o.status(name).Conditions {
			if condition.Type == string(roomv1alpha1.ConditionReady) {
				return condition.Reason
			}
		}
		return ""
	}
}

// data returns what a Secret holds, and nothing while there is none.
func (o *operated) data(name string) func() map[string]string {
	return func() map[string]string {
		var secret corev1.Secret
		data := map[string]string{}
		if err := o.kube.Get(o.ctx, client.ObjectKey{Namespace: o.ns, Name: name}, &secret); err != nil {
			return data
		}
		for key, value := range secret.Data {
			data[key] = string(value)
		}
		return data
	}
}

// start runs a replica of the operator, which works while it is the leader, and returns what stops it.
func (o *operated) start() (stop func()) {
	o.t.Helper()
	mgr, err := ctrl.NewManager(o.cluster.Config, ctrl.Options{
		Scheme: o.scheme, Cache: controllers.CacheOptions(o.ns),
		Metrics:        metricsserver.Options{BindAddress: "0"},
		Controller:     config.Controller{SkipNameValidation: new(true)},
		LeaderElection: true, LeaderElectionID: "operator", LeaderElectionNamespace: o.ns, LeaderElectionReleaseOnCancel: true,
		RetryPeriod: new(100 * time.Millisecond),
	})
	o.Expect(err).NotTo(HaveOccurred())
	digests, err := controllers.EnsureKey(o.ctx, o.kube, o.ns)
	o.Expect(err).NotTo(HaveOccurred())
	registry := prometheus.NewRegistry()
	roomMetrics, err := sessions.NewMetrics(registry)
	o.Expect(err).NotTo(HaveOccurred())
	syncMetrics, err := controllers.NewMetrics(registry)
	o.Expect(err).NotTo(HaveOccurred())
	ctx, cancel := context.WithCancel(context.WithoutCancel(o.ctx))
	options := controllers.Options{
		Rooms: sessions.NewPool(digests, roomMetrics, sessions.Dial), Digests: digests, Metrics: syncMetrics,
		Consent: consent.Links{URL: consentURL, Key: digests},
	}
	o.consents = controllers.NewConsents(mgr, options)
	o.Expect(controllers.Setup(ctx, mgr, options)).To(Succeed())
	done := make(chan error, 1)
	go func() { done <- mgr.Start(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			o.t.Errorf("the operator ended with %v", err)
		}
	})
	o.t.Cleanup(stop)
	return stop
}
