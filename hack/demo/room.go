// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// What config/samples name.
const (
	roomName  = "support"
	agentName = "support-agent"
	secretID  = "stripe-api-key"
	target    = "app-credentials"
	targetKey = "STRIPE_API_KEY"
)

// join makes the demo a participant of the room: the agent that the samples push a value for.
func (d *demo) join(ctx context.Context) error {
	d.say.text("The demo joins the room as that agent, as any program with a token can.", "")
	jwt, err := d.read(ctx, "roomserver token --api-key-file $DEMO/api-keys --identity "+agentName+" --room "+roomName, "(a token, not shown)")
	if err != nil {
		return err
	}
	d.agent, err = roomclient.Dial(ctx, roomclient.Config{URL: "ws://" + d.address, Room: roomName, Token: roomclient.StaticToken(jwt)})
	return err
}

// showRoom shows what the agent finds in the room.
func (d *demo) showRoom(ctx context.Context) error {
	rows, err := d.agent.Secrets().ListSecrets(ctx)
	if err != nil {
		return err
	}
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 0, 3, ' ', 0)
	fmt.Fprintln(w, "ID\tTYPE\tNAME\tVALUE")
	for _, row := range rows {
		secret, err := d.agent.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: row.ID})
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", row.ID, row.Type, row.Name, shown(secret.Value))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	d.say.text("Room " + roomName + ", seen by " + agentName + ":")
	d.say.output(table.String())
	return nil
}

// shown returns a value that the demo has made up, and of any other only how long it is.
func shown(value []byte) string {
	if strings.HasPrefix(string(value), "fake-") {
		return string(value)
	}
	return fmt.Sprintf("(%d bytes, not shown)", len(value))
}

// roomHas returns a check that the room holds a value.
func (d *demo) roomHas(want string) func(context.Context) error {
	return func(ctx context.Context) error {
		secret, err := d.agent.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: secretID})
		if err == nil && string(secret.Value) != want {
			err = fmt.Errorf("the room holds %s and not %s under %s", shown(secret.Value), want, secretID)
		}
		return err
	}
}

// roomIsEmpty checks that the agent has no secrets in the room any more.
func (d *demo) roomIsEmpty(ctx context.Context) error {
	rows, err := d.agent.Secrets().ListSecrets(ctx)
	if err == nil && len(rows) > 0 {
		err = fmt.Errorf("the room still holds %s", rows[0].ID)
	}
	return err
}

// targetHas returns a check that the Secret which the pull writes holds a value.
func (d *demo) targetHas(want string) func(context.Context) error {
	return func(ctx context.Context) error {
		value, err := d.targetValue(ctx)
		if err == nil && string(value) != want {
			err = fmt.Errorf("the Secret %s holds %s and not %s under %s", target, shown(value), want, targetKey)
		}
		return err
	}
}

// targetIsGone checks that the Secret which the pull wrote does not exist.
func (d *demo) targetIsGone(ctx context.Context) error {
	_, err := d.targetValue(ctx)
	if err == nil {
		return errors.New("the Secret " + target + " still exists")
	}
	return client.IgnoreNotFound(err)
}

func (d *demo) targetValue(ctx context.Context) ([]byte, error) {
	var secret corev1.Secret
	err := d.kube.Get(ctx, client.ObjectKey{Namespace: corev1.NamespaceDefault, Name: target}, &secret)
	return secret.Data[targetKey], err
}
