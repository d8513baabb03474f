// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"fmt"
	"testing"

	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// TestTwoHundredInSyncCostNothing counts what the API server hears from the operator while nothing changes, over several
// polls of the room: nothing but watches.
func TestTwoHundredInSyncCostNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}))
	for i := range 100 {
		id := fmt.Sprintf("id-%d", i)
		push := w.newPush("push-"+id, []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Push.Entries[0].ID = roomv1alpha1.SecretID(id) })
		w.create(push, w.newPull("pull-"+id, []string{id}))
	}
	w.Eventually(w.notInSync, 4*patience).Should(BeEmpty())

	log := cluster.AuditLog()
	w.Eventually(func() []string { return w.allRequests(log) }).Should(BeEmpty(), "the last writes are over")
	w.Consistently(func() []string { return w.allRequests(log) }, 5*pollInterval).Should(BeEmpty())
}

// notInSync returns the names of the RoomSecrets that are not in sync.
func (w *world) notInSync() ([]string, error) {
	var list roomv1alpha1.RoomSecretList
	err := w.kube.List(w.ctx, &list, client.InNamespace(w.ns))
	var names []string
	for i := range list.Items {
		if state, stateErr := w.state(&list.Items[i])(); stateErr != nil || state != inSync {
			names = append(names, list.Items[i].Name)
		}
	}
	return names, err
}
