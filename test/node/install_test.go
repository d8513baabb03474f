// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	. "github.com/onsi/gomega"
)

// installation is a way to install the operator with a replica that stands by, together with a room server.
type installation struct {
	name    string
	manager string // name of the Deployment and of the service account
	install func(t *testing.T)
	remove  func(t *testing.T)
	left    []string // kinds of what stays for good reason
	durable bool     // the room server keeps its file when its pod goes
	guarded bool     // a NetworkPolicy says who may reach the manager and whom it may
}

func installations() []installation {
	return []installation{
		{name: "kustomize", manager: "roomsecret-manager", install: applyAll, remove: deleteAll},
		{name: "helm", manager: "rooms-roomsecret-operator", install: installChart, remove: uninstallChart, left: []string{"crds"}, durable: true, guarded: true},
	}
}

func TestTheOperatorInPods(t *testing.T) {
	for _, in := range installations() {
		t.Run("installed by "+in.name, func(t *testing.T) {
			in.install(t)
			must(t, "kubectl", "-n", system, "rollout", "status", "--timeout=2m", "deployment/"+in.manager)
			NewWithT(t).Eventually(roomServerAnswers).WithContext(t.Context()).Should(Succeed()) // its pod may be ready before its address leads there
			t.Run("its manager has no more rights on the node than it needs", testRightsOnTheNode)
			t.Run("its namespace admits nothing but restricted pods", testAdmission)
			t.Run("a pod reads what was pulled", testMountedSecrets)
			t.Run("a workload restarts once for each change", testRestarts)
			t.Run("a killed leader is followed and nothing is lost", testLossOfTheLeader)
			if in.durable {
				t.Run("a new pod of its room server knows what the old one was given", testLossOfTheRoomServer)
			}
			if in.guarded {
				t.Run("its manager is reached and reaches what its policy says", testNetworkPolicy)
			}
			t.Run("the API server has denied it nothing", func(t *testing.T) {
				if err := shared.denials(in.manager); err != nil {
					t.Error(err)
				}
			})
			t.Run("no log holds a value", func(t *testing.T) {
				if err := shared.leaks(); err != nil {
					t.Error(err)
				}
			})
			t.Run("uninstalling finishes", func(t *testing.T) { testUninstalling(t, in) })
		})
	}
}

func roomServerAnswers(ctx context.Context) error {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", roomAddress)
	if err != nil {
		return err
	}
	return conn.Close()
}

func applyAll(t *testing.T) {
	must(t, "kubectl", "apply", "-k", "testdata/operator")
	makeCredential(t)
	must(t, "kubectl", "-n", system, "apply", "-f", "testdata/roomserver.yaml")
	must(t, "kubectl", "-n", system, "rollout", "status", "--timeout=2m", "deployment/roomserver")
}

func deleteAll(t *testing.T) {
	must(t, "kubectl", "delete", "-k", "testdata/operator", "--timeout="+patience.String())
}

// installChart lets the chart bring its own room server, which keeps its file on a volume.
func installChart(t *testing.T) {
	must(t, "kubectl", "apply", "-f", "../../config/default/namespace.yaml")
	makeCredential(t)
	if err := os.MkdirAll("/run/roomserver", 0o755); err != nil { // in the memory of the node, see testdata/chart/volume.yaml
		t.Fatal(err)
	}
	must(t, "kubectl", "-n", system, "apply", "-f", "testdata/chart/volume.yaml", "-f", "testdata/chart/service.yaml")
	must(t, "helm", "-n", system, "install", "rooms", "../../charts/roomsecret-operator", "--values=testdata/chart/values.yaml")
	must(t, "kubectl", "-n", system, "rollout", "status", "--timeout=2m", "statefulset/rooms-roomsecret-operator-roomserver")
	must(t, "kubectl", "get", "validatingadmissionpolicybinding", "rooms-roomsecret-operator-secrets")
}

func uninstallChart(t *testing.T) {
	must(t, "helm", "-n", system, "uninstall", "rooms", "--wait", "--timeout="+patience.String())
	must(t, "kubectl", "delete", "namespace", system, "--timeout="+patience.String())
	must(t, "kubectl", "delete", "-f", "testdata/chart/volume.yaml", "--timeout="+patience.String())
}

// makeCredential makes the API key known to the room server, and to the ClusterRoom of the samples.
func makeCredential(t *testing.T) {
	t.Helper()
	for _, name := range []string{"roomserver-api-key", "room-credential"} {
		must(t, "kubectl", "-n", system, "create", "secret", "generic", name, "--from-literal=api-key="+shared.apiKey.Encode())
	}
}

// testUninstalling takes away all at once, in whatever order: what undoes itself has its room, or does not wait for it
// for long.
func testUninstalling(t *testing.T, in installation) {
	u := newTeam(t)
	u.ready()
	u.kubectl("delete", "-k", "testdata/samples", "--timeout="+patience.String())
	in.remove(t)
	for _, kind := range []string{"namespaces", "crds", "clusterroles", "clusterrolebindings", "validatingadmissionpolicies"} {
		left := must(t, "kubectl", "get", kind, "--output=name")
		if kinds := in.left; len(kinds) == 1 && kinds[0] == kind {
			u.Expect(left).To(ContainSubstring("roomsecret"), kind)
		} else {
			u.Expect(left).NotTo(ContainSubstring("roomsecret"), kind)
		}
	}
}

// must runs a program that has to succeed, and returns what it prints. If it does not, it shows what there is to know
// about pods that do not run.
func must(t *testing.T, program string, args ...string) string {
	t.Helper()
	output, err := execute(t.Context(), program, args...)
	if err != nil {
		pods, _ := kubectl(t.Context(), "get", "pods", "--all-namespaces", "--output=wide")
		events, _ := kubectl(t.Context(), "get", "events", "--all-namespaces")
		t.Fatalf("%v\n%s\n%s", err, pods, events)
	}
	return output
}

// kubectl runs kubectl as an administrator and returns what it prints.
func kubectl(ctx context.Context, args ...string) (string, error) {
	return execute(ctx, "kubectl", args...)
}

// execute runs kubectl, which is that of the node, or helm, which "make tools" builds.
func execute(ctx context.Context, program string, args ...string) (string, error) {
	path := program
	if program == "helm" {
		path = filepath.Join("..", "..", "bin", "tools", program)
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Env = append(os.Environ(), // nothing of the machine's own settings
		"HELM_CONFIG_HOME=/run/helm", "HELM_CACHE_HOME=/run/helm", "HELM_DATA_HOME=/run/helm")
	output, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s %v: %w\n%s", program, args, err, output)
	}
	return string(output), nil
}
