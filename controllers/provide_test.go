// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// refused is what whoever asks gets to read.
func refused(refusal plan.Refusal) string { return "(" + string(refusal) + ")" }

func TestWhoAsksIsGivenWhatARuleSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, provide := newSecret(w.ns, "source", map[string]string{"a": "one", "empty": ""}), w.newProvide("provide", []string{"a", "empty"})
	w.create(source, provide)
	w.settled(provide)
	agent := w.newAsker("agent")
	w.Expect(agent.asks("secret://a")).To(Equal("one"))
	w.Expect(agent.asks("secret://empty")).To(Equal(""))
	w.Expect(agent.asks("secret://b")).To(Equal(refused(plan.RefusalUnmatched)))
	w.Expect(agent.asks("secret://a", func(r *roomclient.SecretRequest) { r.DelegateTo = "eve" })).To(Equal(refused(plan.RefusalDelegate)))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.Expect(agent.asksAgain("secret://a")).To(Equal("two"), "the value is the one of now")

	w.Eventually(w.answers(provide)).Should(And(HaveField("Provided", int64(3)), HaveField("Rejected", int64(1))))
	last := provide.Status.Answers.Recent
	w.Expect(last).To(HaveLen(4))
	w.Expect(last[0]).To(And(
		HaveField("Kind", roomv1alpha1.RequestSecret), HaveField("Participant", "agent"), HaveField("URL", "secret://a"),
		HaveField("Outcome", roomv1alpha1.AnswerProvided), HaveField("Message", ""),
	))
	w.Expect(last[1]).To(And(HaveField("Outcome", roomv1alpha1.AnswerRejected), HaveField("Message", string(plan.RefusalDelegate))))
	w.Expect(provide.Status.LastChangeTime).NotTo(BeNil())
	w.Expect(provide.Status.Summary.Ready).To(Equal("2/2"))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"provided"}, "kind": {"Secret"}})).To(Equal(3.0))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"rejected"}})).To(Equal(2.0))
}
