// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"fmt"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

func ExampleREST_Secrets() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	rest, err := roomclient.NewREST(roomclient.RESTConfig{
		URL: url, ProjectID: key.ProjectID.String(), Token: roomclient.StaticToken(key.Encode()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := rotate(ctx, rest.Secrets("myroom", "support-agent"), []byte("s3cr3t")); err != nil {
		fmt.Println(err)
		return
	}

	// The same secret through the room, for the identity that owns it.
	conn, err := roomclient.Dial(ctx, configFor(url, key, "support-agent"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = conn.Close() }()
	fmt.Println(conn.Secrets().Exists(ctx, roomclient.ExistsQuery{ID: "api-token"}))
	// Output:
	// 1 secrets, 6 bytes of text/plain
	// true <nil>
}

// rotate works with either back end.
func rotate(ctx context.Context, secrets roomclient.Store, value roomclient.Bytes) error {
	if err := secrets.SetSecret(ctx, roomclient.SetSecretRequest{
		ID: "api-token", Type: "text/plain", Name: "API token", Value: value,
	}); err != nil {
		return err
	}
	rows, err := secrets.ListSecrets(ctx)
	if err != nil {
		return err
	}
	secret, err := secrets.GetSecret(ctx, roomclient.SecretQuery{ID: "api-token"})
	if err != nil {
		return err
	}
	fmt.Printf("%d secrets, %d bytes of %s\n", len(rows), len(secret.Value), secret.Type)
	return nil
}

func ExampleREST_Tickets() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	rest, err := roomclient.NewREST(roomclient.RESTConfig{
		URL: url, ProjectID: key.ProjectID.String(), Token: roomclient.StaticToken(key.Encode()),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: roomclient.Config{Ticket: rest.Tickets("myroom")},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()
	fmt.Println(session.Wait(ctx), session.State().Phase)
	// Output:
	// <nil> Connected
}
