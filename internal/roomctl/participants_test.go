// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"strings"
	"testing"
	"time"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestParticipantsAreListed(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	g.Expect(r.run(t, "participants")).To(Equal(result{0, "", "Nobody else has made themselves known in room myroom at " + r.url + ".\n"}))
	g.Expect(r.run(t, "participants -o json")).To(Equal(result{0, "[]\n", ""}))
	bob := r.start(t, "secret provide --as-identity bob --url u --text v").participant(t)
	carol := r.start(t, "secret authorize --as-identity carol").participant(t)
	g.Expect(r.run(t, "participants").Stdout).To(Equal("ID" + strings.Repeat(" ", len(bob)+1) + "NAME    ROLE\n" + bob + "   bob     user\n" + carol + "   carol   user\n"))
	g.Expect(r.run(t, "participants -o json").Stdout).To(MatchJSON(
		`[{"id":"` + bob + `","name":"bob","role":"user"},{"id":"` + carol + `","name":"carol","role":"user"}]`))
	g.Expect(r.run(t, "participants -o yaml").Stdout).To(HavePrefix("- id: " + bob + "\n  name: bob\n  role: user\n"))
	g.Expect(r.run(t, "participants -o name").Stdout).To(Equal("bob\ncarol\n"))
}

func TestATokenWithoutMessagingIsToldSo(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	g.Expect(err).NotTo(HaveOccurred())
	signed, err := r.key.Sign(token.Claims{Name: "bob", Grants: []token.Grant{token.RoomGrant("myroom"), api}, ExpiresAt: time.Now().Add(time.Hour)})
	g.Expect(err).NotTo(HaveOccurred())
	delete(r.env, "MESHAGENT_API_KEY")
	r.env["MESHAGENT_TOKEN"] = signed
	got := execute(t.Context(), r.env, nil, "participants")
	g.Expect(got.Code).To(Equal(1))
	g.Expect(got.Stderr).To(ContainSubstring("does not grant this toolkit"))
	provide := r.start(t, "secret provide --as-identity bob --url u --text v")
	g.Expect(provide.participant(t)).NotTo(BeEmpty())
	g.Expect(provide.stderr.String()).To(ContainSubstring("Warning: others can ask by the participant id only: "))
}
