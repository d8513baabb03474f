// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

var update = flag.Bool("update", false, "write the golden files anew")

// The golden file is a review: whoever changes it says that the operator needs what it then may do.
func TestTheOperatorMayDoWhatWasReviewedAndNothingElse(t *testing.T) {
	t.Parallel()
	for name, kustomization := range map[string]string{
		"rights":               config + "default",
		"rights-with-restarts": "testdata/restarts",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compareRights(t, describe(rightsOf(render(t, kustomization), "roomsecret-system", "roomsecret-manager")), name)
		})
	}
}

func compareRights(t *testing.T, got, name string) {
	t.Helper()
	golden := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the rights of the operator have changed; if it needs them, run go test ./test/manifests -update (-want +got):\n%s", diff)
	}
}

// thing is what a right is to: a resource somewhere, possibly only the object of one name.
type thing struct{ where, resource, name string }

// rightsOf returns the verbs that a service account may use, by what it may use them on.
func rightsOf(objects []runtime.Object, namespace, account string) map[thing][]string {
	roles := map[string][]rbacv1.PolicyRule{}
	for _, role := range only[*rbacv1.ClusterRole](objects) {
		roles["ClusterRole/"+role.Name] = role.Rules
	}
	for _, role := range only[*rbacv1.Role](objects) {
		roles["Role/"+role.Name] = role.Rules
	}
	rights := map[thing][]string{}
	bind := func(where string, subjects []rbacv1.Subject, ref rbacv1.RoleRef) {
		if !slices.Contains(subjects, rbacv1.Subject{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}) {
			return
		}
		for _, rule := range roles[ref.Kind+"/"+ref.Name] {
			grant(rights, where, rule)
		}
	}
	for _, binding := range only[*rbacv1.ClusterRoleBinding](objects) {
		bind("everywhere", binding.Subjects, binding.RoleRef)
	}
	for _, binding := range only[*rbacv1.RoleBinding](objects) {
		bind("in "+binding.Namespace, binding.Subjects, binding.RoleRef)
	}
	return rights
}

func grant(rights map[thing][]string, where string, rule rbacv1.PolicyRule) {
	things := slices.Clone(rule.NonResourceURLs)
	for _, group := range rule.APIGroups {
		for _, resource := range rule.Resources {
			things = append(things, strings.TrimPrefix(group+"/"+resource, "/"))
		}
	}
	names := rule.ResourceNames
	if len(names) == 0 {
		names = []string{""}
	}
	for _, resource := range things {
		for _, name := range names {
			key := thing{where, resource, name}
			rights[key] = append(rights[key], rule.Verbs...)
		}
	}
}

// describe writes one line for each thing, sorted.
func describe(rights map[thing][]string) string {
	var lines []string
	for key, verbs := range rights {
		slices.Sort(verbs)
		lines = append(lines, fmt.Sprintf("%s\t%s\t%s", key.where, strings.TrimSpace(key.resource+" "+key.name), strings.Join(slices.Compact(verbs), " ")))
	}
	slices.Sort(lines)
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(lines, "\n"))
	_ = w.Flush() // to a buffer
	return table.String()
}
