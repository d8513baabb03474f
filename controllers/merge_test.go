// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// gitops is a tool that applies a Secret in its own name, and insists on nothing.
const gitops = client.FieldOwner("gitops")

// applies is the tool at work on the Secret "app"; a conflict would be an error.
func (w *world) applies(data map[string]string) {
	w.t.Helper()
	config := applycorev1.Secret("app", w.ns).WithType(corev1.SecretTypeOpaque).
		WithLabels(map[string]string{"team": "theirs", "tier": "theirs"}).WithAnnotations(map[string]string{"note": "theirs"})
	for key, value := range data {
		config.WithData(map[string][]byte{key: []byte(value)})
	}
	w.Expect(w.kube.Apply(w.ctx, config, gitops)).To(Succeed())
}

// fieldsOf returns the fields of a Secret that a manager owns.
func (w *world) fieldsOf(secret *corev1.Secret, manager string) string {
	w.t.Helper()
	for _, entry := range secret.ManagedFields {
		if entry.Manager == manager {
			paths, err := pathsOf(entry.FieldsV1)
			w.Expect(err).NotTo(HaveOccurred())
			return strings.Join(strings.Fields(string(entry.Operation)+" "+paths), " ")
		}
	}
	return "nothing"
}

func TestMergingLeavesTheFieldsOfOthersAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.put(w.key(own, "b"), "two")
	w.withRoom()
	w.applies(map[string]string{"theirs": "kept"})
	theirs := w.fieldsOf(w.secret("app"), string(gitops))
	pull := w.newPull("app", []string{"a", "b"}, creation(roomv1alpha1.CreationMerge), func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Target.Labels = map[string]string{"ours": "yes"}
		rs.Spec.Pull.Target.Annotations = map[string]string{"ours": "yes"}
	})
	w.create(pull)
	w.settled(pull)
	manager := "roomsecrets.io/" + string(pull.UID)
	w.Expect(w.fieldsOf(w.secret("app"), manager)).To(Equal(`Apply .data.a .data.b .metadata.annotations.ours .metadata.labels.ours`))
	w.Expect(w.fieldsOf(w.secret("app"), string(gitops))).To(Equal(theirs))

	// Both go on without stepping on each other's toes.
	w.applies(map[string]string{"theirs": "changed", "more": "too"})
	w.put(w.key(own, "a"), "1")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("1"))
	w.settled(pull)
	w.applies(map[string]string{"theirs": "changed"})
	w.Expect(w.secret("app").Data).To(Equal(map[string][]byte{"a": []byte("1"), "b": []byte("two"), "theirs": []byte("changed")}))
	w.Expect(w.secret("app").Labels).To(Equal(map[string]string{"team": "theirs", "tier": "theirs", "ours": "yes"}))

	w.remove(pull)
	w.Eventually(w.gone(pull)).Should(BeTrue())
	target := w.secret("app")
	w.Expect(target.Data).To(Equal(map[string][]byte{"theirs": []byte("changed")}))
	w.Expect(target.Labels).To(Equal(map[string]string{"team": "theirs", "tier": "theirs"}))
	w.Expect(target.Annotations).To(Equal(map[string]string{"note": "theirs"}))
	w.Expect(w.fieldsOf(target, string(gitops))).To(Equal(theirs))
	w.Expect(w.fieldsOf(target, manager)).To(Equal("nothing"))
}

func TestMergingDoesNotTakeLabelsFromOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	w.applies(nil)
	pull := w.newPull("app", []string{"a"}, creation(roomv1alpha1.CreationMerge), func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Target.Labels = map[string]string{"team": "ours", "tier": "theirs", "free": "ours"}
	})
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/Conflict"))
	w.Expect(w.condition(pull, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(`label "team"`))
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"), "the keys are written all the same")
	w.Expect(w.secret("app").Labels).To(Equal(map[string]string{"team": "theirs", "tier": "theirs", "free": "ours"}))
	w.Consistently(w.version(w.secret("app"))).Should(Equal(w.secret("app").ResourceVersion), "and not again and again")

	edit(w, w.secret("app"), func(s *corev1.Secret) { delete(s.Labels, "team") })
	w.settled(pull)
	w.Expect(w.secret("app").Labels).To(HaveKeyWithValue("team", "ours"))
	edit(w, w.secret("app"), func(s *corev1.Secret) { metav1.SetMetaDataLabel(&s.ObjectMeta, "team", "changed") })
	w.Eventually(w.state(pull)).Should(Equal("False/Conflict"), "what somebody has changed is theirs")
	w.put(w.key(own, "a"), "two")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	w.Expect(w.secret("app").Labels).To(HaveKeyWithValue("team", "changed"))
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { delete(rs.Spec.Pull.Target.Labels, "team") })
	w.settled(pull)
	w.Expect(w.secret("app").Labels).To(HaveKeyWithValue("team", "changed"))
}
