// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"cmp"

	"github.com/google/uuid"
	"github.com/spf13/pflag"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// Names of the environment variables that the SDKs read (room protocol, section 1.1).
const (
	envRoom       = "MESHAGENT_ROOM"
	envToken      = "MESHAGENT_TOKEN"
	envAPIKey     = "MESHAGENT_API_KEY"
	envRoomURL    = "MESHAGENT_ROOM_URL"
	envProfileURL = "MESHAGENT_PROFILE_API_URL"
	envAPIURL     = "MESHAGENT_API_URL"
)

// Choice is where the room comes from: an object, or what is known already.
type Choice struct {
	options *Options
	kind    roomv1alpha1.RoomKind // of the object; empty: direct
	name    string                // of the object
	direct  Target
}

// Choose decides which room the flags and the environment mean. Nothing is connected to. Its errors are usage errors, and
// files that cannot be read.
func (o *Options) Choose(flags *pflag.FlagSet) (Choice, error) {
	o.flags = flags
	if err := o.exclusive("room", "cluster-room"); err != nil {
		return Choice{}, err
	}
	if err := o.exclusive("token", "token-file", "api-key-file"); err != nil {
		return Choice{}, err
	}
	direct, kube := o.given(isDirect), o.given(o.isKube)
	if direct == "--url" || direct == "--room-url" {
		if err := o.exclusive("room-url", "url"); err != nil && o.flags.Lookup("url").Annotations != nil {
			return Choice{}, err
		}
	}
	room := cmp.Or(o.Room, o.Getenv(envRoom))
	switch {
	case direct != "" && kube != "":
		return Choice{}, usage.Errorf("%s speaks of a room at an address, and %s of an object in a cluster: give one of them", direct, kube)
	case o.ClusterRoom != "":
		return o.object(roomv1alpha1.KindClusterRoom, o.ClusterRoom)
	case direct != "", kube == "" && o.hasCredential():
		target, err := o.atAddress(room)
		return Choice{options: o, direct: target}, err
	case room == "":
		return Choice{}, usage.Missing("--room")
	default:
		return o.object(roomv1alpha1.KindRoom, room)
	}
}

// Object is the choice of a room that an object in the cluster describes, whatever the flags and the environment say of
// rooms.
func (o *Options) Object(flags *pflag.FlagSet, kind roomv1alpha1.RoomKind, name string) Choice {
	o.flags = flags
	return Choice{options: o, kind: kind, name: name}
}

// IsDirect reports whether rooms are named by an address rather than by an object.
func (o *Options) IsDirect(flags *pflag.FlagSet) bool {
	o.flags = flags
	return o.given(isDirect) != "" || o.given(o.isKube) == "" && o.hasCredential()
}

// hasCredential reports whether the environment holds a credential.
func (o *Options) hasCredential() bool { return o.Getenv(envToken) != "" || o.Getenv(envAPIKey) != "" }

func (o *Options) object(kind roomv1alpha1.RoomKind, name string) (Choice, error) {
	if err := o.checkProjectID(); err != nil {
		return Choice{}, err
	}
	return Choice{options: o, kind: kind, name: name}, nil
}

// atAddress is a room that flags and environment describe.
func (o *Options) atAddress(room string) (Target, error) {
	if err := o.checkProjectID(); err != nil {
		return Target{}, err
	}
	address, from := o.address()
	t := Target{URL: address, Room: room, from: from}
	if err := o.credential(&t); err != nil {
		return Target{}, err
	}
	return t, t.complete(o)
}

// address returns the first address that is given, in the order of the Python SDK, and where it was found.
func (o *Options) address() (address, from string) {
	if o.URL != "" {
		return o.URL, o.given(isURL)
	}
	for _, name := range []string{envRoomURL, envProfileURL, envAPIURL} {
		if address := o.Getenv(name); address != "" {
			return address, name
		}
	}
	return roomclient.DefaultURL, "the default address"
}

// complete settles what the target does not say yet, and fails when its parts contradict each other.
func (t *Target) complete(o *Options) error {
	inURL, err := roomOf(t.URL)
	switch {
	case err != nil:
		return usage.Errorf("%s: %v", t.from, err)
	case inURL != "" && t.Room != "" && inURL != t.Room:
		return usage.Errorf("%s leads to room %q, and the room to use is %q: they contradict each other", t.from, inURL, t.Room)
	}
	t.Room = cmp.Or(t.Room, inURL)
	if t.APIKey == nil {
		t.Room = cmp.Or(t.Room, t.claims.Room())
	}
	switch {
	case t.Room == "":
		return usage.Missing("--room")
	case !protocol.ValidRoomName(t.Room):
		return usage.Errorf("%q is not the name of a room: 1 to %d lower-case letters, digits and dashes, no dash at either end", t.Room, protocol.MaxRoomName)
	}
	return t.check(o)
}

// check fails when the credential is not for what is asked of it.
func (t *Target) check(o *Options) error {
	if o.ProjectID != "" && t.project() != "" && t.project() != o.ProjectID {
		return usage.Errorf("--project-id is %s, and %s belongs to project %s", o.ProjectID, t.credentialFrom, t.project())
	}
	if t.APIKey != nil {
		return nil
	}
	granted := t.claims.Room()
	if granted != "" && granted != t.Room && uuid.Validate(granted) != nil {
		return usage.Errorf("%s is a token for room %q, and the room to use is %q: they contradict each other", t.credentialFrom, granted, t.Room)
	}
	if o.AsIdentity != "" && o.AsIdentity != t.Identity {
		return usage.Errorf("--as-identity %s needs an API key: %s is a token of %q", o.AsIdentity, t.credentialFrom, t.Identity)
	}
	return nil
}

func (o *Options) checkProjectID() error {
	if o.ProjectID != "" && uuid.Validate(o.ProjectID) != nil {
		return usage.Errorf("--project-id %q is not a UUID", o.ProjectID)
	}
	return nil
}
