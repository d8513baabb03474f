// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestATemplateIsPushedAndFollowsTheSource(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"user": "ann", "password": "one"})
	push := w.newPush("push", []string{"url"}, func(rs *roomv1alpha1.RoomSecret) {
		e := &rs.Spec.Push.Entries[0]
		e.Key, e.Template = "", "postgres://{{ .user }}:{{ .password }}@db"
		e.Delegations = []roomv1alpha1.Delegation{{To: "billing"}}
	})
	w.create(source, push)
	w.settled(push)
	w.Expect(w.value(w.key(own, "url"))()).To(Equal("postgres://ann:one@db"))
	w.Expect(w.value(w.key(own, "url", "billing"))()).To(Equal("postgres://ann:one@db"))

	edit(w, source, func(s *corev1.Secret) { s.Data["password"] = []byte("two") })
	w.Eventually(w.value(w.key(own, "url"))).Should(Equal("postgres://ann:two@db"))
	w.settled(push)
}

// What was pushed stays, and the message names the entry, the line and the key, but no value.
func TestATemplateThatCannotBeFilledInStallsItsEntryOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"user": "ann", "password": "hunter2", "b": "plain"})
	push := w.newPush("push", []string{"url", "b"}, func(rs *roomv1alpha1.RoomSecret) {
		e := &rs.Spec.Push.Entries[0]
		e.Key, e.Template = "", "{{ .user }}\n{{ .password }}"
	})
	w.create(source, push)
	w.settled(push)

	edit(w, source, func(s *corev1.Secret) { delete(s.Data, "password"); s.Data["b"] = []byte("changed") })
	w.Eventually(w.state(push)).Should(Equal("False/InvalidTemplate"))
	w.Expect(w.condition(push, roomv1alpha1.ConditionStalled)).To(HaveField("Message",
		ContainSubstring(`The template of entry "url" cannot be filled in: line 2: there is no key "password".`)))
	w.Eventually(w.value(w.key(own, "b"))).Should(Equal("changed"))
	w.Expect(w.value(w.key(own, "url"))()).To(Equal("ann\nhunter2"))
}

// What a template does wrong stays with its entry: the operator goes on, and the status shows no value.
func TestATemplateCanNeitherStopTheOperatorNorMakeItTell(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"password": "hunter2", "big": strings.Repeat("x", 1<<19), "ok": "plain"})
	push := w.newPush("push", []string{"huge", "telling", "ok"}, func(rs *roomv1alpha1.RoomSecret) {
		for i, text := range []roomv1alpha1.Template{`{{ replace "x" .big .big }}`, `{{ index . .password }}`} {
			rs.Spec.Push.Entries[i].Key, rs.Spec.Push.Entries[i].Template = "", text
		}
	})
	w.create(source, push)
	w.Eventually(w.state(push)).Should(Equal("False/InvalidTemplate"))
	w.Eventually(w.value(w.key(own, "ok"))).Should(Equal("plain"))
	message := w.condition(push, roomv1alpha1.ConditionStalled).Message
	w.Expect(message).To(ContainSubstring("takes too long or too much memory"))
	status, err := json.Marshal(push.Status)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(string(status)).To(ContainSubstring("there is no such key"))
	w.Expect(string(status)).NotTo(ContainSubstring("hunter2"))
}
