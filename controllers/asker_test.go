// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"errors"
	"regexp"
	"time"

	"github.com/onsi/gomega"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// newProvide returns a RoomSecret that answers with keys of the Secret "source": for each key the url secret://<key>.
func (w *world) newProvide(name string, keys []string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	provide := &roomv1alpha1.Provide{}
	for _, key := range keys {
		provide.Secrets = append(provide.Secrets, roomv1alpha1.ProvideSecret{
			URL: roomv1alpha1.URLPattern("secret://" + key), SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "source", Key: key},
		})
	}
	return w.newRoomSecret(name, roomv1alpha1.RoomSecretSpec{Provide: provide}, mods...)
}

// asker is another participant of the room, which asks the operator.
type asker struct {
	w    *world
	conn *roomclient.Conn
}

// newAsker joins the room as somebody.
func (w *world) newAsker(identity string) *asker {
	w.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	signed, err := w.apiKey.Sign(token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(w.room), api}})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	conn, err := roomclient.Dial(w.ctx, roomclient.Config{URL: "ws://" + w.address, Room: w.room, Token: roomclient.StaticToken(signed), MaxInFlight: 20000})
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.t.Cleanup(func() { _ = conn.Close() })
	w.Expect(conn.Attend(w.ctx)).To(gomega.Succeed())
	return &asker{w, conn}
}

// operator finds the operator, by its name.
func (a *asker) operator() string {
	a.w.t.Helper()
	var id string
	a.w.Eventually(func() bool {
		found, ok := a.conn.FindParticipant(own)
		id = found.ID
		return ok
	}).Should(gomega.BeTrue(), "the operator is known by its name")
	return id
}

// asks requests a secret of the operator and returns the value, or why not in brackets.
func (a *asker) asks(url string, mods ...func(*roomclient.SecretRequest)) string {
	a.w.t.Helper()
	return a.asksOf(a.operator(), url, mods...)
}

// asksOf requests a secret of a participant.
func (a *asker) asksOf(id, url string, mods ...func(*roomclient.SecretRequest)) string {
	request := roomclient.SecretRequest{URL: url, Type: "text/plain", ParticipantID: id, Timeout: 20 * time.Second}
	for _, mod := range mods {
		mod(&request)
	}
	value, err := a.conn.Secrets().RequestSecret(context.WithoutCancel(a.w.ctx), request)
	return said(value, err)
}

// asksAgain asks for what was given before, which the room has kept and would not ask for.
func (a *asker) asksAgain(url string) string {
	a.w.t.Helper()
	a.w.Expect(a.conn.Secrets().DeleteRequestedSecret(a.w.ctx, roomclient.RequestedSecret{URL: url, Type: "text/plain"})).To(gomega.Succeed())
	return a.asks(url)
}

// joined returns the participant id with which an identity joined last, as the room server logs it.
func (w *world) joined(identity string) string {
	w.t.Helper()
	all := regexp.MustCompile(`participant joined.* participant\.identity=`+identity+` participant\.id=(\S+)`).FindAllStringSubmatch(w.serverLog.String(), -1)
	w.Expect(all).NotTo(gomega.BeEmpty())
	return all[len(all)-1][1]
}

// said is what somebody who asks is told.
func said(value roomclient.Bytes, err error) string {
	if err == nil {
		return string(value)
	}
	if e, ok := errors.AsType[*roomclient.Error](err); ok && e.Text != "" {
		return "(" + e.Text + ")"
	}
	return "(" + err.Error() + ")"
}

// answers returns a function that reads what a RoomSecret says that it has answered.
func (w *world) answers(rs *roomv1alpha1.RoomSecret) func() (roomv1alpha1.Answers, error) {
	return func() (roomv1alpha1.Answers, error) {
		_, err := w.state(rs)()
		if rs.Status.Answers == nil {
			return roomv1alpha1.Answers{}, err
		}
		return *rs.Status.Answers, err
	}
}
