// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"cmp"
	"crypto/tls"
	"net/url"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/types"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// RoomKey names a Room or a ClusterRoom.
type RoomKey struct {
	Kind      roomv1alpha1.RoomKind
	Namespace string
	Name      string
}

// String returns Kind/namespace/name, or Kind/name for a ClusterRoom.
func (k RoomKey) String() string {
	if k.Namespace == "" {
		return string(k.Kind) + "/" + k.Name
	}
	return string(k.Kind) + "/" + k.Namespace + "/" + k.Name
}

// Room says how a room is reached.
type Room struct {
	// Endpoint is a ws, wss, http or https URL.
	Endpoint string
	// Name is the name of the room at the endpoint.
	Name string
	// Identity is the operator's own identity in the room. It is empty with Connect: the service says it.
	Identity string
	// Hosts are those to which the operator may connect. With Connect the service says where the room is.
	Hosts hosts.List
	// APIKey signs tokens for any identity. It is nil when Token is set.
	APIKey *token.APIKey
	// Connect asks the service for tokens, with the APIKey, instead of signing them.
	Connect bool
	// Token is a ready-made participant token of Identity.
	Token redact.Bytes
	// TLS is used for wss and https endpoints; nil means the system's settings.
	TLS *tls.Config
	// RequestTimeout is how long a request may take; 0 means as long as the client of the room lets it.
	RequestTimeout time.Duration
	// Revision differs whenever anything above differs. A new revision makes the sessions connect anew.
	Revision string
	// PollInterval is how often the room is read.
	PollInterval time.Duration
	// Limits bound the requests to the room.
	Limits Limits
}

// succeeds reports whether a room is another one as somebody has changed it: the same room, seen by the same identity with
// the same powers. Then its sessions go on.
func (r Room) succeeds(other Room) bool {
	return r.Endpoint == other.Endpoint && r.Name == other.Name && r.Connect == other.Connect &&
		(r.APIKey == nil) == (other.APIKey == nil) && (r.Connect || r.Identity == other.Identity)
}

// signs reports whether the operator can be any identity of the room.
func (r Room) signs() bool { return r.APIKey != nil && !r.Connect }

// NormalizeEndpoint returns one form for all spellings of the address of an endpoint.
func NormalizeEndpoint(endpoint string) string {
	endpoint = strings.TrimRight(cmp.Or(endpoint, roomv1alpha1.DefaultEndpoint), "/")
	address, err := url.Parse(endpoint)
	if err != nil {
		return endpoint
	}
	address.Host = strings.ToLower(address.Host)
	switch address.Scheme {
	case "https", "wss":
		address.Scheme, address.Host = "wss", strings.TrimSuffix(address.Host, ":443")
	case "http", "ws":
		address.Scheme, address.Host = "ws", strings.TrimSuffix(address.Host, ":80")
	}
	return address.String()
}

// Value is what a row of a room holds.
type Value struct {
	// Type is the MIME type.
	Type string
	// Name is the display name.
	Name string
	// Bytes is the value itself.
	Bytes redact.Bytes
}

// Digest returns the keyed digest of the value at a row. It covers type and name, so that a change to either shows.
func (v Value) Digest(key fingerprint.Key, row plan.Row) string {
	return key.Digest("row", []byte(row.Identity), []byte(row.ID), []byte(row.DelegatedTo), []byte(v.Type), []byte(v.Name), v.Bytes)
}

// Event says that something happened that a controller may want to look at. Either Room or Owner is set.
type Event struct {
	// Room is a room whose connection changed.
	Room RoomKey
	// Quiet is set when no call was affected: all that changed is the id by which others know the operator.
	Quiet bool
	// Attendance is a room that others have come to or left.
	Attendance RoomKey
	// Owner tracks a row that changed in a room.
	Owner types.NamespacedName
}
