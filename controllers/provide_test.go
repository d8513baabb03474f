// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// refused is what whoever asks gets to read.
func refused(refusal plan.Refusal) string { return "(" + string(refusal) + ")" }

func TestWhoAsksIsGivenWhatARuleSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source, provide := newSecret(w.ns, "source", map[string]string{"a": "value-1", "empty": ""}), w.newProvide("provide", []string{"a", "empty"})
	w.create(source, provide)
	w.settled(provide)
	agent := w.newAsker("agent")
	w.Expect(agent.asks("secret://a")).To(Equal("value-1"))
	w.Expect(agent.asks("secret://empty")).To(Equal(""))
	w.Expect(agent.asks("secret://b")).To(Equal(refused(plan.RefusalUnmatched)))
	w.Expect(agent.asks("secret://a", func(r *roomclient.SecretRequest) { r.DelegateTo = "eve" })).To(Equal(refused(plan.RefusalDelegate)))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("value-2") })
	w.Expect(agent.asksAgain("secret://a")).To(Equal("value-2"), "the value is the one of now")

	w.Expect(agent.asks("https://user:password@git.example.com/?token=value-1")).To(Equal(refused(plan.RefusalUnmatched)))

	w.Eventually(w.answers(provide)).Should(And(HaveField("Provided", int64(3)), HaveField("Rejected", int64(1))))
	last := provide.Status.Answers.Recent
	w.Expect(last).To(HaveLen(4))
	w.Expect(last).To(ContainElement(And(
		HaveField("Kind", roomv1alpha1.RequestSecret), HaveField("Participant", "agent"), HaveField("URL", "secret://a"),
		HaveField("Outcome", roomv1alpha1.AnswerProvided), HaveField("Message", ""),
	)))
	w.Expect(last).To(ContainElement(And(HaveField("Outcome", roomv1alpha1.AnswerRejected), HaveField("Message", string(plan.RefusalDelegate)))))
	w.Expect(provide.Status.LastChangeTime).NotTo(BeNil())
	w.Expect(provide.Status.Summary.Ready).To(Equal("2/2"))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"provided"}, "kind": {"Secret"}})).To(Equal(3.0))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"rejected"}})).To(Equal(3.0))

	w.Eventually(w.audited).Should(HaveLen(6))
	audit := w.audited()
	w.Expect(audit).To(ContainElement(And(
		HaveKeyWithValue("room", "Room/"+w.ns+"/support"), HaveKeyWithValue("roomSecret", w.ns+"/provide"), HaveKeyWithValue("kind", "Secret"),
		HaveKeyWithValue("url", "secret://a"), HaveKeyWithValue("asker", "agent"), HaveKeyWithValue("outcome", "Provided"), HaveKeyWithValue("reason", ""),
	)))
	w.Expect(audit).To(ContainElement(And(HaveKeyWithValue("roomSecret", ""), HaveKeyWithValue("url", "https://git.example.com"), HaveKeyWithValue("outcome", "Rejected"))))
	for _, value := range []string{"value-1", "value-2", "password"} {
		w.Expect(w.managerLog.String()).NotTo(ContainSubstring(value), "no value and nothing hidden of a url is in the log")
	}
}

// audited returns the lines of the audit log.
func (w *world) audited() (lines []map[string]any) {
	w.t.Helper()
	for text := range strings.Lines(w.managerLog.String()) {
		var line map[string]any
		w.Expect(json.Unmarshal([]byte(text), &line)).To(Succeed())
		if line["logger"] == "audit" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestARequestIsAnsweredOverTheNextConnection(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.startServerWith(roomserver.Config{Faults: []roomserver.Fault{{Kind: roomserver.FaultClose, Tool: "provide_secret", Status: 1011, Times: 2}}})
	w.startManager()
	w.withRoom()
	provide := w.newProvide("provide", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), provide)
	w.settled(provide)
	w.Expect(w.newAsker("agent").asks("secret://a")).To(Equal("one"))
	w.Eventually(w.answers(provide)).Should(HaveField("Provided", int64(1)))
}

func TestARuleTellsWhatItNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	provide := w.newProvide("provide", []string{"a"})
	w.create(provide)
	w.Eventually(w.state(provide)).Should(Equal("False/SourceNotFound"))
	agent := w.newAsker("agent")
	w.Expect(agent.asks("secret://a")).To(Equal(refused(plan.RefusalUnavailable)))
	source := newSecret(w.ns, "source", map[string]string{"b": "one"})
	w.create(source)
	w.Eventually(w.state(provide)).Should(Equal("False/KeyNotFound"))
	w.Expect(agent.asks("secret://a")).To(Equal(refused(plan.RefusalUnavailable)))
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	w.settled(provide)
	w.Expect(agent.asks("secret://a")).To(Equal("two"))
	w.Expect(w.condition(provide, roomv1alpha1.ConditionStalled)).To(BeNil())
	w.remove(source)
	w.Eventually(w.state(provide)).Should(Equal("False/SourceNotFound"))
	w.Expect(agent.asksAgain("secret://a")).To(Equal(refused(plan.RefusalUnavailable)))
}

func TestARuleThatChangesIsGoodForTheNextRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	provide := w.newProvide("provide", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one", "b": "two"}), provide)
	w.settled(provide)
	agent, bob := w.newAsker("agent"), w.newAsker("bob")
	w.Expect(agent.asks("secret://a")).To(Equal("one"))
	edit(w, provide, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Provide.Secrets[0].SecretKeyRef.Key = "b"
		rs.Spec.Provide.Secrets[0].Askers = []roomv1alpha1.Pattern{"agent"}
	})
	w.settled(provide)
	w.Expect(agent.asksAgain("secret://a")).To(Equal("two"))
	w.Expect(bob.asks("secret://a")).To(Equal(refused(plan.RefusalUnmatched)))

	edit(w, provide, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Provide.OnUnmatched = roomv1alpha1.OnUnmatchedIgnore })
	w.settled(provide)
	w.Expect(bob.asks("secret://a", briefly)).To(Equal(unanswered), "it is left to somebody else")

	edit(w, provide, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Suspend = true })
	w.Eventually(w.state(provide)).Should(Equal("False/Suspended"))
	w.Expect(agent.asks("secret://b", briefly)).To(Equal(unanswered), "nobody provides")
	edit(w, provide, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Suspend = false
		rs.Finalizers = []string{controllers.Finalizer} // by whoever writes the manifest: there is nothing to undo
	})
	w.settled(provide)
	w.remove(provide)
	w.Eventually(w.gone(provide)).Should(BeTrue())
	w.Expect(agent.asks("secret://c", briefly)).To(Equal(unanswered), "nobody provides")
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"ignored"}})).To(BeNumerically(">=", 3), "those of the ClusterRooms of other tests included")
}

// unanswered is what the room tells whoever has asked in vain.
const unanswered = "(nobody answered in time)"

// briefly makes a request one that waits for a second only.
func briefly(r *roomclient.SecretRequest) { r.Timeout = time.Second }

func TestOfTwoRoomSecretsTheOlderAnswers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	older := w.newProvide("a-older", []string{"a"})
	younger := w.newProvide("b-younger", []string{"b"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Provide.Secrets[0].URL = "secret://a"
		rs.Spec.Provide.Secrets = append(rs.Spec.Provide.Secrets, roomv1alpha1.ProvideSecret{
			URL: "secret://a*", SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "source", Key: "b"},
		})
	})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "older", "b": "younger"}), older, younger)
	w.settled(older, younger)
	w.Eventually(func() []roomv1alpha1.EntryStatus { _, _ = w.state(younger)(); return younger.Status.Entries }).Should(ConsistOf(
		And(HaveField("Name", "secrets[0]"), HaveField("State", roomv1alpha1.EntrySkipped), HaveField("Reason", roomv1alpha1.ReasonConflict), HaveField("Message", ContainSubstring(w.ns+"/a-older"))),
		And(HaveField("Name", "secrets[1]"), HaveField("State", roomv1alpha1.EntryInSync)),
	))
	agent := w.newAsker("agent")
	w.Expect(agent.asks("secret://a")).To(Equal("older"))
	w.Expect(agent.asks("secret://ab")).To(Equal("younger"))
	w.remove(older)
	w.Eventually(func() []roomv1alpha1.EntryStatus { _, _ = w.state(younger)(); return younger.Status.Entries }).Should(HaveEach(HaveField("State", roomv1alpha1.EntryInSync)))
	w.Expect(agent.asksAgain("secret://a")).To(Equal("younger"))
}

// TestWhoMayNotProvideExposesNothing has a tenant who tries to answer for another one, in a room that they share.
func TestWhoMayNotProvideExposesNothing(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t, "other")
	w.startServer()
	w.startManager()
	shared := w.withClusterRoom(roomv1alpha1.OperationRead, roomv1alpha1.OperationRequest, roomv1alpha1.OperationDelegate)
	edit(w, shared, func(r *roomv1alpha1.ClusterRoom) {
		r.Spec.Access = append(r.Spec.Access, roomv1alpha1.ClusterAccessRule{
			Namespaces: roomv1alpha1.NamespaceRule{Names: []roomv1alpha1.Pattern{roomv1alpha1.Pattern(w.ns)}},
			AccessRule: roomv1alpha1.AccessRule{IDs: []roomv1alpha1.Pattern{"secret://a"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationProvide}},
		})
	})
	tenant := w.newProvide("a-tenant", []string{"a", "b"}, throughClusterRoom(shared), func(rs *roomv1alpha1.RoomSecret) { rs.Namespace = w.namespaces[1] })
	w.create(newSecret(w.namespaces[1], "source", map[string]string{"a": "of the tenant", "b": "of the tenant"}), tenant)
	w.Eventually(w.state(tenant)).Should(Equal("False/AccessDenied"))
	agent := w.newAsker("agent")
	_, known := agent.conn.FindParticipant(own)
	w.Expect(known).To(BeFalse(), "whom nobody can ask need not be known")
	w.Expect(agent.asksOf(w.joined(own), "secret://a", briefly)).To(Equal(unanswered))

	owner := w.newProvide("b-owner", []string{"a", "b"}, throughClusterRoom(shared))
	w.create(newSecret(w.ns, "source", map[string]string{"a": "of the owner", "b": "of the owner"}), owner)
	w.Eventually(w.state(owner)).Should(Equal("False/AccessDenied"), "because of secret://b")
	w.Expect(agent.asks("secret://a")).To(Equal("of the owner"))
	w.Expect(agent.asks("secret://b")).To(Equal(refused(plan.RefusalAccess)))
	w.Expect(agent.asks("secret://c")).To(Equal(refused(plan.RefusalUnmatched)))
	w.Eventually(w.answers(owner)).Should(And(HaveField("Provided", int64(1)), HaveField("Rejected", int64(1))))
	w.Expect(w.answers(tenant)()).To(Equal(roomv1alpha1.Answers{}))
}

// TestWhatIsForOthersIsNeverRefused asks more often than anybody is answered, for what another operator may provide.
func TestWhatIsForOthersIsNeverRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	provide := w.newProvide("provide", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Provide.OnUnmatched = roomv1alpha1.OnUnmatchedIgnore })
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), provide)
	w.settled(provide)
	agent := w.newAsker("agent")
	operator, answers := agent.operator(), make(chan string, 150)
	for i := range cap(answers) {
		go func() { answers <- agent.asksOf(operator, fmt.Sprintf("secret://%d", i), briefly) }()
	}
	for range cap(answers) {
		w.Expect(<-answers).To(Or(Equal(unanswered), ContainSubstring("too many")), "the room server itself takes 64 at a time")
	}
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"rejected"}})).To(BeZero())
	w.Expect(agent.asks("secret://a")).To(Equal("one"))
}

// TestTheOperatorAnswersItself has one RoomSecret ask for what another one provides.
func TestTheOperatorAnswersItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	provide := w.newProvide("provide", []string{"a"}, func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Provide.Secrets[0].Askers = []roomv1alpha1.Pattern{own}
	})
	pull := w.newRoomSecret("pull", roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{
		{Key: "A", Request: &roomv1alpha1.PullRequest{URL: "secret://a", Type: "text/plain", From: roomv1alpha1.ParticipantReference{Name: own}}},
	}}})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), provide, pull)
	w.settled(provide, pull)
	w.Expect(w.secretValue("pull", "A")()).To(Equal("one"))
	w.Eventually(w.answers(provide)).Should(And(HaveField("Provided", int64(1)), HaveField("Recent", ConsistOf(HaveField("Participant", own)))))
}
