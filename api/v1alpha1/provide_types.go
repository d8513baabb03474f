// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// OnUnmatched says what to do with a request that no rule describes.
// +kubebuilder:validation:Enum=Reject;Ignore
type OnUnmatched string

const (
	// OnUnmatchedReject tells whoever asks that nobody answers, so that they need not wait.
	OnUnmatchedReject OnUnmatched = "Reject"
	// OnUnmatchedIgnore says nothing: somebody else who joins the room as the same identity may answer.
	OnUnmatchedIgnore OnUnmatched = "Ignore"
)

// URLPattern is what is asked for, as a literal, or a prefix followed by one '*' at its end.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.matches('^[^*\\\\s]*[*]?$')",message="must be a literal, or a prefix followed by one '*' at the end"
type URLPattern string

// Provide answers what other participants of the room ask the operator for. Of two rules that describe a request, the one
// with the longer url (a literal counts as longer than a prefix) answers, then one that names a type, then one that names
// askers, then that of the older RoomSecret.
// +kubebuilder:validation:XValidation:rule="has(self.secrets) || has(self.oauth)",message="at least one of secrets and oauth must be set"
type Provide struct {
	// secrets are the rules for requests of a secret.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=atomic
	// +optional
	Secrets []ProvideSecret `json:"secrets,omitempty"`
	// oauth are the rules for requests of an OAuth token, which a person approves on the consent page of the operator. It
	// needs an operator that runs with --consent-address.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	OAuth []ProvideOAuth `json:"oauth,omitempty"`
	// onUnmatched says what to do with a request that no rule of any RoomSecret of the room describes: Reject (the default) or
	// Ignore. It is rejected unless every RoomSecret that provides in this room says Ignore.
	// +optional
	OnUnmatched OnUnmatched `json:"onUnmatched,omitempty"`
}

// ProvideSecret answers requests of a secret with a key of a Kubernetes Secret.
type ProvideSecret struct {
	// url is what is asked for, such as secret://stripe/live or https://github.com; a '*' at its end stands for anything.
	// +required
	URL URLPattern `json:"url"`
	// type is the type that is asked for. The default is any.
	// +optional
	Type MIMEType `json:"type,omitempty"`
	// askers are the identities that may ask. The default is everybody in the room. With it, nobody gets an answer of whom the
	// room does not say who they are.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Askers []Pattern `json:"askers,omitempty"`
	// secretKeyRef names the value, in the namespace of the RoomSecret.
	// +required
	SecretKeyRef SecretKeyRef `json:"secretKeyRef"`
	// delegateTo are the identities that whoever asks may have the secret delegated to. The default is none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	DelegateTo []Identity `json:"delegateTo,omitempty"`
}

// ProvideOAuth lets people approve requests of an OAuth token.
type ProvideOAuth struct {
	// authorizationEndpoint is that of the provider; a '*' at its end stands for anything. People are sent nowhere else.
	// +kubebuilder:validation:XValidation:rule="self.matches('^https://[^/*?#@]+/') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])(:[0-9]+)?/')",message="must be an https URL with a host and a path (or http on localhost)"
	// +required
	AuthorizationEndpoint URLPattern `json:"authorizationEndpoint"`
	// clientIDs are the OAuth clients that a token may be asked for.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +required
	ClientIDs []string `json:"clientIDs"`
	// scopes are those that may be asked for. The default is any: people see them before they approve.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=set
	// +optional
	Scopes []string `json:"scopes,omitempty"`
	// askers are the identities that may ask. The default is everybody in the room. With it, nobody gets an answer of whom the
	// room does not say who they are.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	Askers []Pattern `json:"askers,omitempty"`
	// delegateTo are the identities that whoever asks may have the token delegated to. The default is none.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +listType=set
	// +optional
	DelegateTo []Identity `json:"delegateTo,omitempty"`
	// approvers are the people who may approve, once they have signed in to the consent page. Without it, whoever holds the
	// link in status.pending may.
	// +optional
	Approvers *Approvers `json:"approvers,omitempty"`
}

// Approvers are people, as the OpenID provider of the consent page describes them. One that is named in either list may
// approve.
// +kubebuilder:validation:XValidation:rule="has(self.emails) || has(self.groups)",message="at least one of emails and groups must be set"
type Approvers struct {
	// emails are verified e-mail addresses.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=3
	// +kubebuilder:validation:items:MaxLength=254
	// +listType=set
	// +optional
	Emails []string `json:"emails,omitempty"`
	// groups are groups in the claim "groups".
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=253
	// +listType=set
	// +optional
	Groups []string `json:"groups,omitempty"`
}
