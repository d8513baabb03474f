// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const namespace = "roomsecret-system"

// One story, because the CRDs are of the whole cluster: installed, upgraded, uninstalled, installed again.
func TestInstallUpgradeUninstall(t *testing.T) {
	kube := newClient(t)
	helm(t, "install", "rooms", chart, "--namespace", namespace, "--create-namespace", "--set", "replicas=2")
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "rooms-roomsecret-operator"}}
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment))
	applySamples(t)

	helm(t, "upgrade", "rooms", newerChart(t), "--namespace", namespace, "--reset-then-reuse-values", "--set", "manager.logLevel=debug")
	must(t, kube.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment))
	if args := deployment.Spec.Template.Spec.Containers[0].Args; *deployment.Spec.Replicas != 2 || !strings.Contains(strings.Join(args, " "), "--zap-log-level=debug") {
		t.Errorf("after the upgrade there are %d replicas and the arguments are %v", *deployment.Spec.Replicas, args)
	}
	if crd := crd(t, kube); crd.Annotations["newer"] != "yes" {
		t.Error("the upgrade left the CRD as it was")
	}

	helm(t, "uninstall", "rooms", "--namespace", namespace)
	if err := kube.Get(t.Context(), client.ObjectKeyFromObject(deployment), deployment); !apierrors.IsNotFound(err) {
		t.Errorf("the Deployment after uninstalling: %v", err)
	}
	crd(t, kube) // kept, and what was made with it
	if left := leftovers(t, kube); len(left) > 0 {
		t.Errorf("uninstalling left %v", left)
	}
	helm(t, "install", "rooms", chart, "--namespace", namespace)
}

// A release for some namespaces has rights in these, and in its own, and nowhere else.
func TestAReleaseForSomeNamespacesHasNoClusterRole(t *testing.T) {
	rendered := template(t, "watchNamespaces={team-a,team-b}", "metrics.secure=false")
	for _, kind := range []string{"kind: ClusterRole\n", "kind: ClusterRoleBinding\n", "- clusterrooms", "\n  - namespaces\n"} {
		if strings.Contains(rendered, kind) {
			t.Errorf("there is a %q", kind)
		}
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// applySamples applies the samples, which the CRDs of the release must know.
func applySamples(t *testing.T) {
	t.Helper()
	for _, args := range [][]string{
		{"wait", "--for=condition=Established", "-f", "../../config/crd/bases", "--timeout=60s"},
		{"apply", "--dry-run=server", "--validate=strict", "-k", "../../config/samples"},
	} {
		if output, err := cluster.Kubectl(t.Context(), args...).CombinedOutput(); err != nil {
			t.Fatalf("kubectl %v: %v\n%s", args, err, output)
		}
	}
}

func crd(t *testing.T, kube client.Client) *metav1.PartialObjectMetadata {
	t.Helper()
	crd := &metav1.PartialObjectMetadata{}
	crd.SetGroupVersionKind(schema.GroupVersionKind{Group: "apiextensions.k8s.io", Version: "v1", Kind: "CustomResourceDefinition"})
	must(t, kube.Get(t.Context(), client.ObjectKey{Name: "roomsecrets.roomsecrets.io"}, crd))
	return crd
}

// newerChart returns a chart whose CRDs have something that those of the chart do not have.
func newerChart(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	must(t, os.CopyFS(directory, os.DirFS(chart)))
	file := filepath.Join(directory, "files/crds/roomsecrets.io_roomsecrets.yaml")
	content, err := os.ReadFile(file)
	must(t, err)
	newer := strings.Replace(string(content), "  annotations:\n", "  annotations:\n    newer: \"yes\"\n", 1)
	must(t, os.WriteFile(file, []byte(newer), 0o600))
	return directory
}

// leftovers returns the objects of the release that are there.
func leftovers(t *testing.T, kube client.Client) []string {
	t.Helper()
	var left []string
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &rbacv1.RoleList{}, &rbacv1.RoleBindingList{},
		&rbacv1.ClusterRoleList{}, &rbacv1.ClusterRoleBindingList{},
	} {
		must(t, kube.List(t.Context(), list, client.MatchingLabels{"app.kubernetes.io/part-of": "roomsecret-operator"}))
		must(t, meta.EachListItem(list, func(item runtime.Object) error {
			object, err := meta.Accessor(item)
			left = append(left, object.GetName())
			return err
		}))
	}
	return left
}
