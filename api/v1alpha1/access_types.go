// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Operation is something that a RoomSecret does with room secrets.
// +kubebuilder:validation:Enum=Read;Write;Delete;Delegate;Request;Provide
type Operation string

const (
	// OperationRead is reading values (pull).
	OperationRead Operation = "Read"
	// OperationWrite is creating and changing room secrets (push).
	OperationWrite Operation = "Write"
	// OperationDelete is deleting room secrets that were pushed (deletionPolicy Delete).
	OperationDelete Operation = "Delete"
	// OperationDelegate is pushing or pulling a room secret that is delegated to another identity, and having what is asked
	// for delegated.
	OperationDelegate Operation = "Delegate"
	// OperationRequest is asking other participants for secrets and tokens; ids are then urls, of a token the authorization
	// endpoint.
	OperationRequest Operation = "Request"
	// OperationProvide is answering what other participants ask for; ids are then urls, of a token the authorization endpoint.
	OperationProvide Operation = "Provide"
)

// Pattern is a literal, or a prefix followed by one '*' at its end. {namespace} stands for the namespace of the
// RoomSecret.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=192
// +kubebuilder:validation:XValidation:rule="self.matches('^[^*\\\\s]*[*]?$')",message="must be a literal, or a prefix followed by one '*' at the end"
type Pattern string

// AccessRule allows operations on some room secrets.
type AccessRule struct {
	// ids are the room secret ids that the rule speaks of, and for the operations Request and Provide the urls.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +required
	IDs []Pattern `json:"ids"`
	// identities are the owner identities, and delegates, that the rule speaks of besides the operator's own identity.
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Identities []Pattern `json:"identities,omitempty"`
	// operations are what the rule allows.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=6
	// +listType=set
	// +required
	Operations []Operation `json:"operations"`
}

// ClusterAccessRule allows operations on some room secrets to some namespaces.
type ClusterAccessRule struct {
	// namespaces are the namespaces whose RoomSecrets the rule allows something.
	// +required
	Namespaces NamespaceRule `json:"namespaces"`
	AccessRule `json:",inline"`
}

// NamespaceRule chooses namespaces by name or by label: exactly one of its members.
// +kubebuilder:validation:XValidation:rule="[has(self.names), has(self.selector)].exists_one(x, x)",message="exactly one of names and selector must be set"
type NamespaceRule struct {
	// names are namespaces, as literals or with a '*' at the end.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +listType=set
	// +optional
	Names []Pattern `json:"names,omitempty"`
	// selector chooses namespaces by their labels. An empty selector chooses every namespace.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}
