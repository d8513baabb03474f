// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// The namespace enforces the restricted pod security standard, so that the API server is the judge.
func TestThePodOfTheOperatorIsAllowedToRun(t *testing.T) {
	t.Parallel()
	kube := client.NewDryRunClient(newClient(t))
	deployments := only[*appsv1.Deployment](render(t, config+"default"))
	if len(deployments) != 1 {
		t.Fatalf("%d Deployments", len(deployments))
	}
	template := deployments[0].Spec.Template
	pod := &corev1.Pod{ObjectMeta: template.ObjectMeta, Spec: template.Spec}
	pod.Namespace, pod.Name = deployments[0].Namespace, "manager"
	loose := pod.DeepCopy()
	if err := kube.Create(t.Context(), pod); err != nil {
		t.Errorf("the pod is refused: %v", err)
	}
	loose.Spec.Containers[0].SecurityContext.AllowPrivilegeEscalation = new(true)
	if err := kube.Create(t.Context(), loose); !apierrors.IsForbidden(err) {
		t.Errorf("a pod that may become root gave %v: the namespace does not enforce the restricted standard", err)
	}
}

func TestTheOperatorRunsWithAReadOnlyRootAndKnownLimits(t *testing.T) {
	t.Parallel()
	for _, deployment := range only[*appsv1.Deployment](render(t, config+"default")) {
		for _, container := range deployment.Spec.Template.Spec.Containers {
			if !ptr.Deref(container.SecurityContext.ReadOnlyRootFilesystem, false) {
				t.Errorf("container %s may write to its root", container.Name)
			}
			if container.Resources.Limits.Memory().IsZero() || container.Resources.Requests.Cpu().IsZero() {
				t.Errorf("container %s has no memory limit or no CPU request", container.Name)
			}
			if container.LivenessProbe == nil || container.ReadinessProbe == nil {
				t.Errorf("container %s has no probes", container.Name)
			}
		}
	}
}

// The right and the flag come together, and only when somebody asks for them.
func TestRestartsAreOptIn(t *testing.T) {
	t.Parallel()
	for kustomization, enabled := range map[string]bool{config + "default": false, "testdata/restarts": true} {
		for _, deployment := range only[*appsv1.Deployment](render(t, kustomization)) {
			if args := deployment.Spec.Template.Spec.Containers[0].Args; slices.Contains(args, "--enable-restarts") != enabled {
				t.Errorf("%s: the arguments are %v", kustomization, args)
			}
		}
	}
	kubectl(t, "apply", "--dry-run=server", "-k", "testdata/restarts")
}

// The page takes no right, and of two URLs the later one holds.
func TestTheConsentPageIsOptIn(t *testing.T) {
	t.Parallel()
	for kustomization, enabled := range map[string]bool{config + "default": false, "testdata/consent": true} {
		objects := render(t, kustomization)
		services := slices.ContainsFunc(only[*corev1.Service](objects), func(s *corev1.Service) bool { return s.Name == "roomsecret-manager-consent" })
		for _, deployment := range only[*appsv1.Deployment](objects) {
			container := deployment.Spec.Template.Spec.Containers[0]
			port := slices.ContainsFunc(container.Ports, func(p corev1.ContainerPort) bool { return p.Name == "consent" && p.ContainerPort == 8090 })
			if args := container.Args; slices.Contains(args, "--consent-address=:8090") != enabled || services != enabled || port != enabled {
				t.Errorf("%s: the arguments are %v, a port %t, a Service %t", kustomization, args, port, services)
			}
			if last := container.Args[len(container.Args)-1]; enabled && last != "--consent-url=https://approve.example.org" {
				t.Errorf("the page is at %s", last)
			}
		}
	}
	kubectl(t, "apply", "--dry-run=server", "-k", "testdata/consent")
	compareRights(t, describe(rightsOf(render(t, "testdata/consent"), "roomsecret-system", "roomsecret-manager")), "rights")
}

func TestEverySampleIsValidAndApplied(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(config + "samples/*.yaml")
	if err != nil || len(files) < 2 {
		t.Fatalf("%d samples, %v", len(files), err)
	}
	kustomization, err := os.ReadFile(config + "samples/kustomization.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		name := filepath.Base(file)
		if name == "kustomization.yaml" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kubectl(t, "apply", "--dry-run=server", "--validate=strict", "-f", file)
			if !strings.Contains(string(kustomization), "- "+name+"\n") {
				t.Errorf("%s is not in the kustomization", name)
			}
		})
	}
	kubectl(t, "apply", "--dry-run=server", "--validate=strict", "-k", config+"samples")
}

func TestInstallingAgainChangesNothing(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(kubectl(t, "apply", "-k", config+"default")) {
		if !strings.HasSuffix(strings.TrimSpace(line), " unchanged") {
			t.Error(line)
		}
	}
}

// newNamespace returns the name of a new namespace.
func newNamespace(t *testing.T) string {
	t.Helper()
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "people-"}}
	if err := newClient(t).Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	return namespace.Name
}
