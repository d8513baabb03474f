// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// attendantFor is configFor with the right to know who is in the room.
func attendantFor(url string, key token.APIKey, identity string) roomclient.Config {
	config := configFor(url, key, identity)
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()})
	if err != nil {
		log.Fatal(err)
	}
	claims := token.Claims{Name: identity, Grants: []token.Grant{token.RoomGrant("myroom"), token.RoleGrant(token.RoleAgent), api}}
	config.Token = roomclient.SignedToken(key, claims, time.Hour)
	return config
}

func ExampleSession_Attend() {
	url, key, stop := room()
	defer stop()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	bob, err := roomclient.Dial(ctx, attendantFor(url, key, "bob"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = bob.Close() }()
	if err := bob.Attend(ctx); err != nil {
		fmt.Println(err)
		return
	}

	changes := make(chan struct{}, 1)
	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{
		Config: attendantFor(url, key, "alice"),
		OnParticipants: func() {
			select {
			case changes <- struct{}{}:
			default: // one is enough
			}
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = session.Close() }()
	session.Attend()
	<-changes
	if participant, ok := session.FindParticipant("bob"); ok {
		fmt.Println(participant.Name, participant.Role, participant.ID == bob.ParticipantID())
	}
	// Output:
	// bob agent true
}
