// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package roomclient connects Go programs to MeshAgent rooms and to the secrets they keep.
//
// A [Conn] is one connection to a room; it is ready when [Dial] returns it, and when it is
// lost it stays lost. A [Session] keeps a Conn alive: it connects again, with a fresh
// token, after every loss that time can heal, and tells what it is doing. Both are safe
// for concurrent use, and both must be closed or they leak two goroutines and a socket.
//
//	session, err := roomclient.NewSession(ctx, roomclient.SessionConfig{
//		Config: roomclient.Config{
//			URL:   "wss://rooms.example.com",
//			Room:  "myroom",
//			Token: roomclient.SignedToken(key, claims, time.Hour),
//		},
//	})
//	defer session.Close()
//	err = session.Wait(ctx)
//	secret, err := session.Secrets().GetSecret(ctx, roomclient.SecretQuery{ID: "api-token"})
//
// [Secrets] are the tools of a room: those of [Store], and those by which participants ask
// each other for secrets and for consent to OAuth tokens. Whoever can be asked sets
// Config.OnSecretRequest or Config.OnOAuthRequest; whoever wants to know whom to ask attends
// the room: [Session.Attend], [Session.FindParticipant]. [REST] reaches the secrets of rooms
// without a connection, as a Store too, and gives a [Ticket] to a room for the holder of an
// API key.
//
// # Errors
//
// Every error is an [*Error]; use [errors.Is] and [errors.As]. A caller has to tell apart:
//
//   - the call was answered, and the answer is no: [ErrNotFound] (only when the room said
//     so, and never from SetSecret, Exists and ListSecrets), [ErrForbidden], [ErrInvalid],
//     [ErrUnsupported], or any other Error with a Code or, over REST, a Status;
//   - the call may or may not have taken effect: [ErrClosed], [context.DeadlineExceeded],
//     [context.Canceled]. The methods of Store are idempotent and may be called again;
//   - the call was not sent: [ErrNotConnected] of a Session, which wraps why the session is
//     not connected, [ErrTooLarge], and ErrInvalid of a request that makes no sense;
//   - there is no connection, and none can be had until somebody changes something: an
//     Error of Dial or in State whose Terminal method says so: [ErrUnauthorized],
//     ErrForbidden, [ErrRoomNotFound], [ErrRoomDisabled], ErrInvalid, or ErrClosed with
//     close code 1000;
//   - there is no connection for now: every other error of Dial or in State;
//   - the peer is broken or no room: [ErrProtocol].
//
// # Invariants
//
// One goroutine of a Conn reads and one writes; each request from another participant has
// one of its own, which neither waits for. The packets of a message go out together,
// and large messages make others wait but never fail. A call in flight is never sent again
// by this package. Everything is bounded: messages, calls in flight, handlers that run, and
// every wait.
//
// Tokens go to the room and nowhere else: not into errors, logs or State. Values are
// [Bytes], which redact themselves; what a server writes about an error may repeat them, so
// it is kept in Error.Text, apart from the text of the error.
//
// # Trade-offs
//
// Unlike the SDKs, this package gives up on statuses 401 and 423 and on close code 1008 before
// the room is ready: nothing changes by itself there, and Session.Retry exists for who knows
// that it has. Delays have full jitter. A Session does not wait for a connection when a
// call is made: it fails at once, so that a caller with many objects can decide once.
package roomclient
