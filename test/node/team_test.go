// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"context"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// room is the room of the samples.
const room = "support"

// team is somebody who works in a namespace and in a room.
type team struct {
	*WithT
	t         *testing.T
	namespace string
}

// newTeam returns a team that has applied the samples, in a namespace that admits nothing but restricted pods.
func newTeam(t *testing.T) *team {
	t.Helper()
	u := &team{WithT: NewWithT(t), t: t}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
		GenerateName: "team-", Labels: map[string]string{"pod-security.kubernetes.io/enforce": "restricted"},
	}}
	u.Expect(shared.kube.Create(t.Context(), namespace)).To(Succeed())
	u.namespace = namespace.Name
	t.Cleanup(u.leave)
	u.kubectl("create", "secret", "generic", "room-credential", "--from-literal=api-key="+shared.apiKey.Encode())
	u.kubectl("apply", "-k", "testdata/samples")
	return u
}

// leave takes away all that the team has, what it has put into the room among it.
func (u *team) leave() {
	u.t.Helper()
	_, err := kubectl(context.Background(), "delete", "namespace", u.namespace, "--timeout="+patience.String())
	u.Expect(err).NotTo(HaveOccurred())
}

// kubectl runs kubectl in the namespace of the team and returns what it prints.
func (u *team) kubectl(args ...string) string {
	u.t.Helper()
	output, err := kubectl(u.t.Context(), append([]string{"-n", u.namespace}, args...)...)
	u.Expect(err).NotTo(HaveOccurred())
	return output
}

// ready waits as a pipeline would, until all samples are.
func (u *team) ready() {
	u.t.Helper()
	u.kubectl("wait", "--for=condition=Ready", "--timeout="+patience.String(), "rooms/support", "clusterrooms/shared",
		"roomsecrets.roomsecrets.io/stripe-to-room", "roomsecrets.roomsecrets.io/stripe-from-room")
}

// rotate changes the value that the samples take into the room and out again.
func (u *team) rotate(value string) {
	u.t.Helper()
	u.kubectl("patch", "secret", "stripe-keys", "--patch", `{"stringData":{"apiKey":"`+value+`"}}`)
}

// pulled returns the value that came out of the room.
func (u *team) pulled() (string, error) {
	var secret corev1.Secret
	err := shared.kube.Get(u.t.Context(), client.ObjectKey{Namespace: u.namespace, Name: "app-credentials"}, &secret)
	return string(secret.Data["STRIPE_API_KEY"]), client.IgnoreNotFound(err)
}

// shown is what the application answers when it is asked for a file or a variable.
func (u *team) shown(question ...string) func() (string, error) {
	return func() (string, error) {
		return kubectl(u.t.Context(), append([]string{"-n", u.namespace, "exec", "application", "--", "/pod"}, question...)...)
	}
}

// inRoom does something in the room as one of its identities.
func (u *team) inRoom(identity string, do func(context.Context, roomclient.Secrets) error) {
	u.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	u.Expect(err).NotTo(HaveOccurred())
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant(room), token.RoleGrant(token.RoleUser), api}}
	conn, err := roomclient.Dial(u.t.Context(), roomclient.Config{
		URL: "ws://" + roomAddress, Room: room, Token: roomclient.SignedToken(shared.apiKey, claims, time.Hour),
	})
	u.Expect(err).NotTo(HaveOccurred())
	defer func() { u.Expect(conn.Close()).To(Succeed()) }()
	u.Expect(do(u.t.Context(), conn.Secrets())).To(Succeed())
}

// set changes a secret of an identity in the room.
func (u *team) set(identity, id, value string) {
	u.t.Helper()
	u.inRoom(identity, func(ctx context.Context, secrets roomclient.Secrets) error {
		return secrets.SetSecret(ctx, roomclient.SetSecretRequest{ID: id, Type: "text/plain", Name: id, Value: roomclient.Bytes(value)})
	})
}

// held tells whether an identity has a secret in the room.
func (u *team) held(identity, id string) bool {
	u.t.Helper()
	var held bool
	u.inRoom(identity, func(ctx context.Context, secrets roomclient.Secrets) (err error) {
		held, err = secrets.Exists(ctx, roomclient.ExistsQuery{ID: id})
		return err
	})
	return held
}
