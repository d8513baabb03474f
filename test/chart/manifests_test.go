// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// The chart stands alone, so it has copies, which "make manifests" makes.
func TestTheChartHasTheManifestsOfTheProject(t *testing.T) {
	t.Parallel()
	for pattern, directory := range map[string]string{
		"../../config/crd/bases/*.yaml":          "crds",
		"../../config/rbac/*_roles.yaml":         "people",
		"../../config/rbac/role.yaml":            ".",
		"../../config/policy/policies.yaml":      ".",
		"../../config/monitoring/dashboard.json": "monitoring",
		"../../config/monitoring/rules.yaml":     "monitoring",
	} {
		originals, err := filepath.Glob(pattern)
		if err != nil || len(originals) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(originals), err)
		}
		for _, original := range originals {
			compareFiles(t, original, filepath.Join(chart, "files", directory, filepath.Base(original)))
		}
		copies, err := filepath.Glob(filepath.Join(chart, "files", directory, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		if directory == "crds" && len(copies) != len(originals) {
			t.Errorf("%d copies of %d CRDs", len(copies), len(originals))
		}
	}
}

func compareFiles(t *testing.T, original, copied string) {
	t.Helper()
	want, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(copied)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s is not a copy of %s: run make manifests\n%s", copied, original, diff)
	}
}

func TestTheDashboardIsFoundByGrafana(t *testing.T) {
	t.Parallel()
	want, err := os.ReadFile("../../config/monitoring/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	objects := comparableObjects(t, template(t, "metrics.dashboard.enabled=true", "metrics.dashboard.annotations.grafana_folder=Rooms"))
	dashboard := unstructured.Unstructured{Object: objects["ConfigMap/rooms-roomsecret-operator-dashboard"]}
	if labels := dashboard.GetLabels(); labels["grafana_dashboard"] != "1" || dashboard.GetAnnotations()["grafana_folder"] != "Rooms" {
		t.Errorf("labels are %v, annotations %v", labels, dashboard.GetAnnotations())
	}
	got, _, _ := unstructured.NestedString(dashboard.Object, "data", "roomsecret-operator.json")
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("dashboard (-file +rendered):\n%s", diff)
	}
}

// Who installs by helm gets what who installs by kustomize gets, but for names, and labels and settings that only helm
// knows of.
func TestHelmAndKustomizeMakeTheSameObjects(t *testing.T) {
	t.Parallel()
	for kustomization, values := range map[string][]string{
		"../../config/default":          nil,
		"testdata/policies":             {"admissionPolicies.enabled=true"},
		"../manifests/testdata/consent": {"consent.enabled=true", "consent.url=https://approve.example.org"},
	} {
		t.Run(filepath.Base(kustomization), func(t *testing.T) {
			t.Parallel()
			output, err := cluster.Kubectl(t.Context(), "kustomize", kustomization).Output()
			if err != nil {
				t.Fatal(err)
			}
			byKustomize := comparableObjects(t, string(output))
			delete(byKustomize, "Namespace/roomsecret-system") // helm install --create-namespace makes it
			byHelm := comparableObjects(t, template(t, append(values, "fullnameOverride=roomsecret-manager", "crds.keep=false")...))
			if diff := cmp.Diff(byKustomize, byHelm); diff != "" {
				t.Errorf("objects (-kustomize +helm):\n%s", diff)
			}
		})
	}
}

// comparableObjects returns objects by kind and name, without what is allowed to differ.
func comparableObjects(t *testing.T, documents string) map[string]map[string]any {
	t.Helper()
	objects := map[string]map[string]any{}
	for _, document := range regexp.MustCompile(`(?m)^---$`).Split(documents, -1) {
		var object unstructured.Unstructured
		if err := yaml.Unmarshal([]byte(document), &object.Object); err != nil {
			t.Fatal(err)
		}
		if len(object.Object) == 0 {
			continue
		}
		for _, path := range [][]string{{"metadata", "labels"}, {"spec", "selector"}, {"spec", "template", "metadata", "labels"}} {
			dropOwnLabels(object.Object, path)
		}
		object.SetName(plainName(object.GetName()))
		if role, found, _ := unstructured.NestedString(object.Object, "roleRef", "name"); found {
			_ = unstructured.SetNestedField(object.Object, plainName(role), "roleRef", "name")
		}
		if object.GetKind() == "Deployment" {
			normalizeContainer(t, &object)
		}
		objects[object.GetKind()+"/"+object.GetName()] = object.Object
	}
	return objects
}

// plainName takes the release's name out of the name of a role that is of the whole cluster: helm puts it there so that
// two releases do not clash.
func plainName(name string) string {
	if rest, ok := strings.CutPrefix(name, "roomsecret-manager-"); ok {
		if strings.HasSuffix(rest, "-viewer") || strings.HasSuffix(rest, "-editor") {
			return rest
		}
		return "roomsecret-" + rest
	}
	return name
}

// dropOwnLabels drops the labels that the two ways of installing set each in its own way.
func dropOwnLabels(object map[string]any, path []string) {
	labels, found, err := unstructured.NestedMap(object, path...)
	if !found || err != nil {
		return
	}
	clean := func(m map[string]any) {
		for key := range m {
			if strings.HasPrefix(key, "app.kubernetes.io/") || key == "helm.sh/chart" {
				delete(m, key)
			}
		}
	}
	clean(labels)
	if match, ok := labels["matchLabels"].(map[string]any); ok {
		clean(match)
	}
	if len(labels) == 0 {
		unstructured.RemoveNestedField(object, path...)
		return
	}
	_ = unstructured.SetNestedMap(object, labels, path...)
}

// normalizeContainer drops the tag of the image, and the arguments that say what is the default anyway.
func normalizeContainer(t *testing.T, deployment *unstructured.Unstructured) {
	t.Helper()
	containers, _, err := unstructured.NestedSlice(deployment.Object, "spec", "template", "spec", "containers")
	if err != nil || len(containers) != 1 {
		t.Fatalf("%d containers, %v", len(containers), err)
	}
	container, ok := containers[0].(map[string]any)
	if !ok {
		t.Fatal("the container is no object")
	}
	container["image"], _, _ = strings.Cut(container["image"].(string), ":")
	delete(container, "imagePullPolicy")
	container["args"] = []any{"--leader-elect"}
	if err := unstructured.SetNestedSlice(deployment.Object, containers, "spec", "template", "spec", "containers"); err != nil {
		t.Fatal(err)
	}
}

// The values say what the defaults of the flags are.
func TestTheDefaultValuesAreTheDefaultsOfTheFlags(t *testing.T) {
	t.Parallel()
	rendered := template(t)
	for _, argument := range []string{"--max-concurrent-reconciles=10", "--kube-api-qps=50", "--kube-api-burst=100", "--zap-log-level=info"} {
		if !strings.Contains(rendered, argument) {
			t.Errorf("%s is not there", argument)
		}
	}
}
