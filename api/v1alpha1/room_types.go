// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoomKind is the kind of a reference to a room.
// +kubebuilder:validation:Enum=Room;ClusterRoom
type RoomKind string

const (
	// KindRoom names a Room in the namespace of the object that refers to it.
	KindRoom RoomKind = "Room"
	// KindClusterRoom names a ClusterRoom.
	KindClusterRoom RoomKind = "ClusterRoom"
)

// RoomConnection says where a room is. It cannot be changed: another room is another object.
// +kubebuilder:validation:XValidation:rule="has(self.roomName) == has(oldSelf.roomName) && (!has(self.roomName) || self.roomName == oldSelf.roomName)",message="spec.roomName cannot be changed: create another object for another room"
// +kubebuilder:validation:XValidation:rule="self.endpoint == oldSelf.endpoint",message="spec.endpoint cannot be changed: create another object for another room"
type RoomConnection struct {
	// endpoint is the address of the room service: a ws, wss, http or https URL without user, query or fragment. The
	// room is reached at <endpoint>/rooms/<roomName>.
	// +kubebuilder:default="wss://api.meshagent.com"
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^(wss?|https?)://[^/?#@\\\\s]+(/[^?#@\\\\s]*)?$')",message="must be a ws, wss, http or https URL without user, query or fragment, such as wss://api.meshagent.com"
	// +optional
	Endpoint string `json:"endpoint,omitempty"`
	// roomName is the name of the room at the endpoint. The default is metadata.name, which must then be a valid room name.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="must consist of lower-case letters, digits and '-', and start and end with a letter or digit"
	// +optional
	RoomName string `json:"roomName,omitempty"`
	// participantName is the identity that the operator has in the room when it signs its own tokens (auth.apiKeySecretRef).
	// With auth.tokenSecretRef the identity is the one in the token. The default is roomsecret-operator.
	// +optional
	ParticipantName Identity `json:"participantName,omitempty"`
	// suspend closes the connection to the room and keeps it closed. RoomSecrets that use it wait.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// pollInterval is how often the room is read to notice changes made in it, once for all RoomSecrets that use it. A
	// little jitter is added. At least 1s and at most 24h.
	// +kubebuilder:default="1m"
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$')",message="must be a duration such as 30s or 5m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('1s')",message="must be at least 1s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('24h')",message="must be at most 24h"
	// +optional
	PollInterval *metav1.Duration `json:"pollInterval,omitempty"`
	// tokenSource says where the tokens come from that the operator connects with, given an API key. Sign (the default):
	// the operator signs them, and can be any identity of the room. Connect: it asks the REST API at the endpoint, which
	// also says where the room is and who the operator is there.
	// +optional
	TokenSource TokenSource `json:"tokenSource,omitempty"`
	// limits bound the requests that are made to the room, by all RoomSecrets, identities and polls together.
	// +optional
	Limits *RoomLimits `json:"limits,omitempty"`
}

// TokenSource says where participant tokens come from.
// +kubebuilder:validation:Enum=Sign;Connect
type TokenSource string

const (
	// TokenSourceSign signs tokens with the API key.
	TokenSourceSign TokenSource = "Sign"
	// TokenSourceConnect asks the REST API of the service for them, with the API key.
	TokenSourceConnect TokenSource = "Connect"
)

// RoomLimits bound the requests to one room.
// +kubebuilder:validation:XValidation:rule="!has(self.burst) || has(self.requestsPerSecond)",message="burst needs requestsPerSecond"
type RoomLimits struct {
	// requestsPerSecond is how many requests are made in a second, on average. What is beyond it waits. The default is no
	// limit.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	RequestsPerSecond int32 `json:"requestsPerSecond,omitempty"`
	// burst is how many requests may come at once after a quiet time. The default is requestsPerSecond.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	// +optional
	Burst int32 `json:"burst,omitempty"`
	// maxInFlight is how many requests may wait for their answers at the same time. The default is 64 for each identity.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	// +optional
	MaxInFlight int32 `json:"maxInFlight,omitempty"`
	// requestTimeout is how long one request may take. The default is 30s; at least 1s and at most 10m.
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$')",message="must be a duration such as 30s or 5m"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') || duration(self) >= duration('1s')",message="must be at least 1s"
	// +kubebuilder:validation:XValidation:rule="!self.matches('^([0-9]+([.][0-9]+)?(ms|s|m|h))+$') || duration(self) <= duration('10m')",message="must be at most 10m"
	// +optional
	RequestTimeout *metav1.Duration `json:"requestTimeout,omitempty"`
}

// Identity is the name of a participant of a room.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:XValidation:rule="self.matches('^[^\\\\s>]+$')",message="must not contain spaces or '>'"
type Identity string

// SecretKeyRef names one key of a Secret in the namespace of the object that refers to it.
type SecretKeyRef struct {
	// name is the name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
	// key is the key in the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key"`
}

// NamespacedSecretKeyRef names one key of a Secret in any namespace.
type NamespacedSecretKeyRef struct {
	// namespace is the namespace of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace    string `json:"namespace"`
	SecretKeyRef `json:",inline"`
}

// ConfigMapKeyRef names one key of a ConfigMap in the namespace of the object that refers to it.
type ConfigMapKeyRef struct {
	// name is the name of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
	// key is the key in the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Key string `json:"key"`
}

// NamespacedConfigMapKeyRef names one key of a ConfigMap in any namespace.
type NamespacedConfigMapKeyRef struct {
	// namespace is the namespace of the ConfigMap.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace       string `json:"namespace"`
	ConfigMapKeyRef `json:",inline"`
}

// NamespacedSecretRef names a Secret in any namespace.
type NamespacedSecretRef struct {
	// namespace is the namespace of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +required
	Namespace string `json:"namespace"`
	// name is the name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}

// RoomAuth is the credential for a room: exactly one of its members.
// +kubebuilder:validation:XValidation:rule="[has(self.apiKeySecretRef), has(self.tokenSecretRef)].exists_one(x, x)",message="exactly one of apiKeySecretRef and tokenSecretRef must be set"
type RoomAuth struct {
	// apiKeySecretRef names a project API key (ma-...). The operator signs short-lived participant tokens with it, and
	// can act as any identity of the room.
	// +optional
	APIKeySecretRef *SecretKeyRef `json:"apiKeySecretRef,omitempty"`
	// tokenSecretRef names a ready-made participant token. The operator acts as the identity in it; for other identities
	// it can only write (with the admin grant) and check that a secret exists.
	// +optional
	TokenSecretRef *SecretKeyRef `json:"tokenSecretRef,omitempty"`
}

// RoomTLS adjusts how the certificate of the endpoint is verified, and shows it one of our own.
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || !has(self.caConfigMapRef)",message="only one of caSecretRef and caConfigMapRef may be set"
type RoomTLS struct {
	// caSecretRef names PEM certificates in a Secret, to trust instead of the system's.
	// +optional
	CASecretRef *SecretKeyRef `json:"caSecretRef,omitempty"`
	// caConfigMapRef names PEM certificates in a ConfigMap, to trust instead of the system's.
	// +optional
	CAConfigMapRef *ConfigMapKeyRef `json:"caConfigMapRef,omitempty"`
	// clientCertSecretRef names a Secret of type kubernetes.io/tls. Its certificate, tls.crt, and key, tls.key, are shown
	// to an endpoint that asks who connects.
	// +optional
	ClientCertSecretRef *LocalSecretRef `json:"clientCertSecretRef,omitempty"`
	// serverName is the host name to expect in the certificate, when it is not the one in the endpoint.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServerName string `json:"serverName,omitempty"`
}

// RoomSpec says how a room is reached, as whom, and what RoomSecrets may do in it.
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.endpoint.matches('^(wss|https)://')",message="spec.tls needs a wss or https endpoint",fieldPath=".tls"
// +kubebuilder:validation:XValidation:rule="!has(self.tokenSource) || has(self.auth.apiKeySecretRef)",message="spec.tokenSource needs auth.apiKeySecretRef",fieldPath=".tokenSource"
// +kubebuilder:validation:XValidation:rule="!has(self.participantName) || !has(self.tokenSource) || self.tokenSource != 'Connect'",message="with tokenSource Connect the service says who the operator is: leave participantName out",fieldPath=".participantName"
type RoomSpec struct {
	RoomConnection `json:",inline"`
	// auth is the credential for the room.
	// +required
	Auth RoomAuth `json:"auth"`
	// tls adjusts how the certificate of a wss or https endpoint is verified, and which one is shown to it.
	// +optional
	TLS *RoomTLS `json:"tls,omitempty"`
	// access limits what RoomSecrets of this namespace may do. Without rules they may do everything; with rules, only
	// what at least one of them allows.
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Access []AccessRule `json:"access,omitempty"`
}

// RoomStatus tells how the connection to the room stands.
type RoomStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of; -1 before any controller has seen it.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Ready, and while they are true Reconciling and Stalled.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// identity is the identity that the operator has in the room.
	// +optional
	Identity string `json:"identity,omitempty"`
	// participantID is the id by which the others in the room know the operator, when RoomSecrets of the room ask or answer
	// them. It is another one after each connection.
	// +optional
	ParticipantID string `json:"participantID,omitempty"`
	// tokenExpirationTime is when the token of auth.tokenSecretRef expires.
	// +optional
	TokenExpirationTime *metav1.Time `json:"tokenExpirationTime,omitempty"`
	// lastHandledRequestedAt is the value of the annotation roomsecrets.io/requestedAt that was heeded last; of a value of
	// more than 256 bytes, the first 256.
	// +optional
	LastHandledRequestedAt string `json:"lastHandledRequestedAt,omitempty"`
}

// Room says how to reach one room for the RoomSecrets of its namespace.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:categories=roomsync
// +kubebuilder:validation:XValidation:rule="has(self.spec.roomName) || self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="metadata.name is not a valid room name: set spec.roomName"
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`
// +kubebuilder:printcolumn:name="Identity",type=string,JSONPath=`.status.identity`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type Room struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how the room is reached and as whom.
	// +required
	Spec RoomSpec `json:"spec"`
	// status tells how the connection stands.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status RoomStatus `json:"status,omitempty"`
}

// RoomList is a list of Rooms.
//
// +kubebuilder:object:root=true
type RoomList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Room `json:"items"`
}
