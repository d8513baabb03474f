// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package api_test tries the custom resources on a real API server: what is refused and with which words, what is
// accepted, and what people and tools see of an object that no controller has looked at yet.
package api_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/yaml"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const crds = "../../config/crd/bases"

// cluster is the control plane that all tests of the package share. It runs no controllers: nothing changes an object.
var cluster *testkube.Cluster

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	cluster, err = testkube.Start(context.Background(), testkube.Options{CRDPaths: []string{crds}, Controllers: []string{}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := m.Run()
	if code == 0 && everythingRan() {
		code = checkRules()
	}
	if err := cluster.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// checkRules fails the package when a validation rule of a kind lacks a case.
func checkRules() int {
	missing, err := seen.untried()
	for _, rule := range missing {
		fmt.Fprintln(os.Stderr, rule)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	if err != nil || len(missing) > 0 {
		return 1
	}
	return 0
}

func newClient(t *testing.T) client.Client {
	t.Helper()
	kube, err := client.New(cluster.Config, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return kube
}

// create sends an object as "kubectl create" does, and refuses members that the schema does not know. With dryRun,
// nothing is stored and any number of objects may have one name.
func create(t *testing.T, object *unstructured.Unstructured, dryRun bool) error {
	t.Helper()
	options := []client.CreateOption{client.FieldValidation("Strict")}
	if dryRun {
		options = append(options, client.DryRunAll)
	} else {
		object.SetGenerateName("test-")
		object.SetName("")
	}
	err := newClient(t).Create(t.Context(), object, options...)
	if err == nil {
		seen.acceptance(object, false)
	}
	return err
}

// The functions below make objects from the members of their spec, written as YAML in flow style.

func room(members ...string) *unstructured.Unstructured {
	return parse("Room", "default", members)
}

func clusterRoom(members ...string) *unstructured.Unstructured {
	return parse("ClusterRoom", "", members)
}

func roomSecret(members ...string) *unstructured.Unstructured {
	return parse("RoomSecret", "default", members)
}

// push makes a RoomSecret from the members of spec.push.
func push(members ...string) *unstructured.Unstructured {
	return roomSecret(support, "push: {secretRef: {name: source}, "+strings.Join(members, ", ")+"}")
}

// pushEntry makes a RoomSecret from the members of spec.push.entries[0].
func pushEntry(members ...string) *unstructured.Unstructured {
	return push("entries: [{" + strings.Join(members, ", ") + "}]")
}

// pull makes a RoomSecret from the members of spec.pull.
func pull(members ...string) *unstructured.Unstructured {
	return roomSecret(support, "pull: {"+strings.Join(members, ", ")+"}")
}

const (
	// auth is all that a Room must have, support all that a RoomSecret must have besides its direction.
	auth        = "auth: {apiKeySecretRef: {name: credential, key: api-key}}"
	clusterAuth = "auth: {apiKeySecretRef: {namespace: rooms, name: credential, key: api-key}}"
	everybody   = "namespaces: {selector: {}}"
	anyAccess   = "access: [{" + everybody + ", ids: ['*'], operations: [Read, Write]}]"
	support     = "roomRef: {name: support}"
	onePull     = "entries: [{key: a, id: a}]"
)

func parse(kind, namespace string, members []string) *unstructured.Unstructured {
	text := "{apiVersion: roomsecrets.io/v1alpha1, kind: " + kind + ", metadata: {name: test}, spec: {" + strings.Join(members, ", ") + "}}"
	var object unstructured.Unstructured
	encoded, err := yaml.YAMLToJSONStrict([]byte(text))
	if err == nil {
		err = object.UnmarshalJSON(encoded) // which keeps whole numbers whole, as the API server does
	}
	if err != nil {
		panic(err.Error() + ":\n" + text)
	}
	object.SetNamespace(namespace)
	return &object
}

// list makes a YAML list of n items from a format with one %d.
func list(n int, format string) string {
	items := make([]string, n)
	for i := range items {
		items[i] = fmt.Sprintf(format, i)
	}
	return "[" + strings.Join(items, ", ") + "]"
}

// long returns a text of n letters.
func long(n int) string { return strings.Repeat("a", n) }
