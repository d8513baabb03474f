// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	. "github.com/onsi/gomega"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// patience is how long the controllers of a busy machine may take.
const patience = 30 * time.Second

// cluster is shared by the tests of this package; each works in a namespace of its own.
var cluster *testkube.Cluster

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	if dir := os.Getenv(orphanDir); dir != "" {
		return runOrphan(dir)
	}
	log.SetLogger(logr.Discard())
	var err error
	cluster, err = testkube.Start(context.Background(), testkube.Options{Audit: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if _, err := os.Stat(cluster.Dir); !os.IsNotExist(err) {
		fmt.Fprintln(os.Stderr, "Stop left", cluster.Dir)
		return 1
	}
	return code
}

func newClient(t *testing.T, config *rest.Config) client.Client {
	t.Helper()
	kube, err := client.New(config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return kube
}

func create(t *testing.T, kube client.Client, object client.Object) {
	t.Helper()
	if err := kube.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
}

func newNamespace(t *testing.T) *corev1.Namespace {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "test-"}}
	create(t, newClient(t, cluster.Config), namespace)
	return namespace
}

func newConfigMap(namespace, name string) *corev1.ConfigMap {
	return &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
}

func TestADeletedNamespaceGoesAway(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	kube := newClient(t, cluster.Config)
	namespace := newNamespace(t)
	create(t, kube, newConfigMap(namespace.Name, "content"))

	g.Expect(kube.Delete(t.Context(), namespace)).To(Succeed())
	g.Eventually(func() bool {
		return apierrors.IsNotFound(kube.Get(t.Context(), client.ObjectKeyFromObject(namespace), namespace))
	}, patience).Should(BeTrue())
}

func TestAnOwnedObjectGoesWithItsOwner(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	kube := newClient(t, cluster.Config)
	namespace := newNamespace(t)
	owner, owned := newConfigMap(namespace.Name, "owner"), newConfigMap(namespace.Name, "owned")
	create(t, kube, owner)
	owned.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}
	create(t, kube, owned)

	g.Expect(kube.Delete(t.Context(), owner)).To(Succeed())
	g.Eventually(func() bool {
		return apierrors.IsNotFound(kube.Get(t.Context(), client.ObjectKeyFromObject(owned), owned))
	}, patience).Should(BeTrue())
}

func TestAServiceAccountGetsATokenThatWorks(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	kube := newClient(t, cluster.Config)
	namespace := newNamespace(t)
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace.Name, Name: "robot"}}
	create(t, kube, account)
	request := &authenticationv1.TokenRequest{}
	g.Expect(kube.SubResource("token").Create(t.Context(), account, request)).To(Succeed())

	config := rest.AnonymousClientConfig(cluster.Config)
	config.BearerToken = request.Status.Token
	review := &authenticationv1.SelfSubjectReview{}
	g.Expect(newClient(t, config).Create(t.Context(), review)).To(Succeed())
	g.Expect(review.Status.UserInfo.Username).To(Equal("system:serviceaccount:" + namespace.Name + ":robot"))
}

func TestAUserMayDoOnlyWhatHeIsAllowed(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	user, err := cluster.AddUser("alice", "people")
	g.Expect(err).NotTo(HaveOccurred())
	err = newClient(t, user.Config).List(t.Context(), &corev1.SecretList{})
	g.Expect(apierrors.IsForbidden(err)).To(BeTrue(), "listing secrets gave %v", err)

	output, err := cluster.Kubectl(t.Context(), "--kubeconfig", user.Kubeconfig, "auth", "whoami").CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(output))
	g.Expect(string(output)).To(And(ContainSubstring("alice"), ContainSubstring("people")))
}

func TestKubectlIsTheAdministrator(t *testing.T) {
	t.Parallel()
	output, err := cluster.Kubectl(t.Context(), "auth", "can-i", "*", "*").CombinedOutput()
	if err != nil || strings.TrimSpace(string(output)) != "yes" {
		t.Errorf("kubectl auth can-i says %q, %v", output, err)
	}
}

func TestTheAuditLogHasEachRequestOnce(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	namespace := newNamespace(t)
	config := rest.CopyConfig(cluster.Config)
	config.UserAgent = "audited in " + namespace.Name
	create(t, newClient(t, config), newConfigMap(namespace.Name, "audited"))

	audit := cluster.AuditLog()
	var seen []auditv1.Event
	g.Eventually(func() ([]auditv1.Event, error) {
		events, err := audit.Read()
		for _, event := range events {
			if event.UserAgent == config.UserAgent && event.Stage == auditv1.StageResponseComplete && event.Verb == "create" {
				seen = append(seen, event)
			}
		}
		return seen, err
	}, patience).ShouldNot(BeEmpty())
	g.Expect(seen).To(HaveLen(1))
	g.Expect(seen[0].ObjectRef.Resource).To(Equal("configmaps"))
	g.Expect(seen[0].ObjectRef.Namespace).To(Equal(namespace.Name))
}

func TestMissingBinariesAreAnErrorThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	_, err := testkube.Start(t.Context(), testkube.Options{BinDir: t.TempDir()})
	if err == nil || !strings.Contains(err.Error(), "make kube") {
		t.Errorf("Start says %v", err)
	}
}

func TestAFailedStartLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	_, err := testkube.Start(t.Context(), testkube.Options{Dir: dir, CRDPaths: []string{filepath.Join(dir, "missing")}})
	if err == nil {
		t.Fatal("Start succeeded without the custom resource definitions it was told to install")
	}
	if pids := processesIn(t, dir); len(pids) > 0 {
		t.Errorf("processes %v are still running", pids)
	}
}
