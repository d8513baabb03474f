// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ClusterRoomAuth is the credential for a room: exactly one of its members.
// +kubebuilder:validation:XValidation:rule="[has(self.apiKeySecretRef), has(self.tokenSecretRef)].exists_one(x, x)",message="exactly one of apiKeySecretRef and tokenSecretRef must be set"
type ClusterRoomAuth struct {
	// apiKeySecretRef names a project API key (ma-...). The operator signs short-lived participant tokens with it, and
	// can act as any identity of the room.
	// +optional
	APIKeySecretRef *NamespacedSecretKeyRef `json:"apiKeySecretRef,omitempty"`
	// tokenSecretRef names a ready-made participant token. The operator acts as the identity in it; for other identities
	// it can only write (with the admin grant) and check that a secret exists.
	// +optional
	TokenSecretRef *NamespacedSecretKeyRef `json:"tokenSecretRef,omitempty"`
}

// ClusterRoomTLS adjusts how the certificate of the endpoint is verified, and shows it one of our own.
// +kubebuilder:validation:XValidation:rule="!has(self.caSecretRef) || !has(self.caConfigMapRef)",message="only one of caSecretRef and caConfigMapRef may be set"
type ClusterRoomTLS struct {
	// caSecretRef names PEM certificates in a Secret, to trust instead of the system's.
	// +optional
	CASecretRef *NamespacedSecretKeyRef `json:"caSecretRef,omitempty"`
	// caConfigMapRef names PEM certificates in a ConfigMap, to trust instead of the system's.
	// +optional
	CAConfigMapRef *NamespacedConfigMapKeyRef `json:"caConfigMapRef,omitempty"`
	// clientCertSecretRef names a Secret of type kubernetes.io/tls. Its certificate, tls.crt, and key, tls.key, are shown
	// to an endpoint that asks who connects.
	// +optional
	ClientCertSecretRef *NamespacedSecretRef `json:"clientCertSecretRef,omitempty"`
	// serverName is the host name to expect in the certificate, when it is not the one in the endpoint.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	ServerName string `json:"serverName,omitempty"`
}

// ClusterRoomSpec says how a room is reached, as whom, and which namespaces may do what in it.
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || self.endpoint.matches('^(wss|https)://')",message="spec.tls needs a wss or https endpoint",fieldPath=".tls"
// +kubebuilder:validation:XValidation:rule="!has(self.tokenSource) || has(self.auth.apiKeySecretRef)",message="spec.tokenSource needs auth.apiKeySecretRef",fieldPath=".tokenSource"
// +kubebuilder:validation:XValidation:rule="!has(self.participantName) || !has(self.tokenSource) || self.tokenSource != 'Connect'",message="with tokenSource Connect the service says who the operator is: leave participantName out",fieldPath=".participantName"
type ClusterRoomSpec struct {
	RoomConnection `json:",inline"`
	// auth is the credential for the room.
	// +required
	Auth ClusterRoomAuth `json:"auth"`
	// tls adjusts how the certificate of a wss or https endpoint is verified, and which one is shown to it.
	// +optional
	TLS *ClusterRoomTLS `json:"tls,omitempty"`
	// access says what RoomSecrets may do. What no rule allows is denied.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +required
	Access []ClusterAccessRule `json:"access"`
}

// ClusterRoom says how to reach one room for RoomSecrets of the namespaces that its access rules name.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Cluster,categories=roomsync
// +kubebuilder:validation:XValidation:rule="has(self.spec.roomName) || self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')",message="metadata.name is not a valid room name: set spec.roomName"
// +kubebuilder:printcolumn:name="Endpoint",type=string,JSONPath=`.spec.endpoint`
// +kubebuilder:printcolumn:name="Identity",type=string,JSONPath=`.status.identity`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type ClusterRoom struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says how the room is reached, as whom, and who may use it.
	// +required
	Spec ClusterRoomSpec `json:"spec"`
	// status tells how the connection stands.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status RoomStatus `json:"status,omitempty"`
}

// ClusterRoomList is a list of ClusterRooms.
//
// +kubebuilder:object:root=true
type ClusterRoomList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []ClusterRoom `json:"items"`
}
