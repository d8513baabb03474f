// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// TestToolsWaitForAnObjectThatNobodyHasSeen: without a status, tools would call a new object ready.
func TestToolsWaitForAnObjectThatNobodyHasSeen(t *testing.T) {
	t.Parallel()
	for name, object := range map[string]*unstructured.Unstructured{
		"a Room": room(auth), "a ClusterRoom": clusterRoom(clusterAuth, anyAccess), "a push": push("allKeys: {}"), "a pull": pull(onePull),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := create(t, object, false); err != nil {
				t.Fatal(err)
			}
			result, err := status.Compute(object)
			if err != nil || result.Status != status.InProgressStatus {
				t.Errorf("kstatus: %+v, %v", result, err)
			}
		})
	}
}

func TestCRDsAreSmallAndExplainEveryMember(t *testing.T) {
	t.Parallel()
	for kind, crd := range readCRDs(t) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if len(crd.Spec.Versions) != 1 {
				t.Fatalf("%d versions", len(crd.Spec.Versions))
			}
			schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
			if schema.Description == "" {
				t.Error("the kind itself is not explained")
			}
			checkSchema(t, "", schema)
		})
	}
}

// checkSchema checks that each member below path has a description, that items of lists have no defaults, and that
// each list says how it is merged.
func checkSchema(t *testing.T, path string, schema *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	for name := range schema.Properties {
		member := schema.Properties[name]
		if member.Description == "" && path+"."+name != ".metadata" { // the API server explains metadata
			t.Errorf("%s.%s is not explained", path, name)
		}
		if strings.Contains(path, "[]") && member.Default != nil {
			t.Errorf("%s.%s has a default inside a list", path, name)
		}
		checkSchema(t, path+"."+name, &member)
	}
	if schema.Items == nil {
		return
	}
	// The selector of labels is a type of Kubernetes.
	if schema.XListType == nil && !strings.Contains(path, ".selector.") {
		t.Errorf("%s does not say how it is merged", path)
	}
	checkSchema(t, path+"[]", schema.Items.Schema)
}

func readCRDs(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	byKind := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) >= 100_000 {
			t.Errorf("%s has %d bytes: large CRDs cannot be applied by all tools", file, len(text))
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &crd); err != nil {
			t.Fatal(err)
		}
		byKind[crd.Spec.Names.Kind] = &crd
	}
	if len(byKind) != 3 {
		t.Fatalf("%d CRDs in %s", len(byKind), crds)
	}
	return byKind
}

func TestWhatKubectlShows(t *testing.T) {
	t.Parallel()
	for _, object := range []*unstructured.Unstructured{room(auth), clusterRoom(clusterAuth, anyAccess), push("allKeys: {}")} {
		if err := create(t, object, false); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct{ command, want string }{
		"the columns of a Room":                {"get rooms", "NAME ENDPOINT IDENTITY READY STATUS AGE test-"},
		"the columns of a ClusterRoom":         {"get clusterrooms", "NAME ENDPOINT IDENTITY READY STATUS AGE test-"},
		"the columns of a RoomSecret":          {"get roomsecrets", "NAME DIRECTION ROOM READY STATUS ENTRIES CHANGED AGE test-"},
		"a RoomSecret's message, when asked":   {"get roomsecrets -o wide", "NAME DIRECTION ROOM READY STATUS ENTRIES CHANGED MESSAGE AGE test-"},
		"a Room's message, when asked":         {"get rooms -o wide", "NAME ENDPOINT IDENTITY READY STATUS MESSAGE AGE test-"},
		"the short name":                       {"get rmsec", "NAME DIRECTION ROOM"},
		"rooms in the category":                {"get roomsync -o name", " room.roomsecrets.io/test-"},
		"cluster's rooms in the category":      {"get roomsync -o name", "clusterroom.roomsecrets.io/test-"},
		"RoomSecrets in the category":          {"get roomsync -o name", "roomsecret.roomsecrets.io/test-"},
		"the explanation of a kind":            {"explain roomsecret", "RoomSecret keeps secrets of a room and a Kubernetes Secret in step"},
		"the explanation of a member":          {"explain roomsecret.spec.push.driftPolicy", "Correct, Report or Ignore"},
		"the explanation of an item of a list": {"explain roomsecret.spec.pull.entries.onMissing", "Fail (the default), Keep or Remove"},
		"the explanation of an endpoint":       {"explain room.spec.endpoint", "the address of the room service"},
		"the explanation of access rules":      {"explain clusterroom.spec.access", "What no rule allows is denied"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			output, err := cluster.Kubectl(t.Context(), strings.Fields(c.command)...).CombinedOutput()
			if err != nil {
				t.Fatalf("kubectl %s: %v\n%s", c.command, err, output)
			}
			if words := " " + strings.Join(strings.Fields(string(output)), " "); !strings.Contains(words, c.want) {
				t.Errorf("kubectl %s does not say %q:\n%s", c.command, c.want, output)
			}
		})
	}
}
