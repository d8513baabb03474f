// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	authorizationv1 "k8s.io/api/authorization/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// patience is how long the aggregation of roles may take on a busy machine.
const patience = 30 * time.Second

func TestWhoMayUseANamespaceMayUseItsRooms(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	for _, role := range []string{"view", "edit", "admin"} {
		if err := newClient(t).Create(t.Context(), &rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: role},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role},
			Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: role + "-of-" + namespace}},
		}); err != nil {
			t.Fatal(err)
		}
	}
	cases := map[string]struct {
		role, verb, resource, subresource string
		allowed                           bool
	}{
		"a viewer sees RoomSecrets":                  {role: "view", verb: "list", resource: "roomsecrets", allowed: true},
		"a viewer sees Rooms":                        {role: "view", verb: "watch", resource: "rooms", allowed: true},
		"a viewer changes no RoomSecret":             {role: "view", verb: "update", resource: "roomsecrets"},
		"a viewer creates no Room":                   {role: "view", verb: "create", resource: "rooms"},
		"an editor sees RoomSecrets":                 {role: "edit", verb: "get", resource: "roomsecrets", allowed: true},
		"an editor creates RoomSecrets":              {role: "edit", verb: "create", resource: "roomsecrets", allowed: true},
		"an editor deletes Rooms":                    {role: "edit", verb: "delete", resource: "rooms", allowed: true},
		"an editor does not write the ledger":        {role: "edit", verb: "patch", resource: "roomsecrets", subresource: "status"},
		"an admin changes RoomSecrets":               {role: "admin", verb: "patch", resource: "roomsecrets", allowed: true},
		"an admin does not write the ledger":         {role: "admin", verb: "update", resource: "roomsecrets", subresource: "status"},
		"an admin of a namespace has no ClusterRoom": {role: "admin", verb: "create", resource: "clusterrooms"},
	}
	g := NewWithT(t)
	for role, verb := range map[string]string{"view": "list", "edit": "create", "admin": "create"} { // once they have been aggregated
		g.Eventually(may, patience).WithArguments(t, role, namespace, verb, "roomsecrets", "").Should(BeTrue())
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if allowed := may(t, c.role, namespace, c.verb, c.resource, c.subresource); allowed != c.allowed {
				t.Errorf("allowed: %v", allowed)
			}
		})
	}
}

// may reports whether the holder of a role may do something in a namespace.
func may(t *testing.T, role, namespace, verb, resource, subresource string) bool {
	t.Helper()
	review := &authorizationv1.SubjectAccessReview{Spec: authorizationv1.SubjectAccessReviewSpec{
		User: role + "-of-" + namespace,
		ResourceAttributes: &authorizationv1.ResourceAttributes{
			Namespace: namespace, Verb: verb, Group: roomv1alpha1.Group, Resource: resource, Subresource: subresource,
		},
	}}
	if err := newClient(t).Create(t.Context(), review); err != nil {
		t.Fatal(err)
	}
	return review.Status.Allowed
}
