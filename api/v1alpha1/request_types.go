// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// ParticipantReference names a participant of the room: exactly one of its members.
// +kubebuilder:validation:XValidation:rule="has(self.id) != has(self.name)",message="exactly one of id and name must be set"
type ParticipantReference struct {
	// id is the id that the room has given the participant. It differs each time they join.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	// +optional
	ID string `json:"id,omitempty"`
	// name is the identity of the participant. Who is not in the room is asked as soon as they are; who makes themselves known
	// to nobody there can be asked by their id only. The operator itself can be asked by its own identity: another RoomSecret
	// then answers.
	// +optional
	Name Identity `json:"name,omitempty"`
}

// PullRequest asks another participant for a secret.
type PullRequest struct {
	// url is what is asked for, such as secret://stripe/live or https://github.com. It is shown in status.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="must consist of printable ASCII characters without spaces"
	// +required
	URL string `json:"url"`
	// type is what kind of secret is asked for. The default is application/octet-stream.
	// +optional
	Type MIMEType `json:"type,omitempty"`
	// from is who is asked.
	// +required
	From ParticipantReference `json:"from"`
	// delegateTo is the identity that may use the secret in the room. The default is the operator's own identity.
	// +optional
	DelegateTo Identity `json:"delegateTo,omitempty"`
	// timeout is how long the room waits for an answer before the participant is asked again: 1s to 1h, 5m if it is not set.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="must be between 1s and 1h"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// deletionPolicy says what happens to the answer that the room keeps when the entry or the RoomSecret is deleted: Retain
	// (the default) or Delete.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// PKCE says whether the provider is given a code challenge.
// +kubebuilder:validation:Enum=S256;None
type PKCE string

const (
	// PKCES256 is with a code challenge of method S256.
	PKCES256 PKCE = "S256"
	// PKCENone is without, for providers that cannot do it.
	PKCENone PKCE = "None"
)

// TokenFormat says what is made of an access token.
// +kubebuilder:validation:Enum=Token;Header
type TokenFormat string

const (
	// TokenPlain is the token itself.
	TokenPlain TokenFormat = "Token"
	// TokenHeader is "Bearer " and the token, for an Authorization header.
	TokenHeader TokenFormat = "Header"
)

// OAuthConnector names an OAuth client that the room knows already.
// +kubebuilder:validation:MinProperties=1
type OAuthConnector struct {
	// openAIConnectorID is the id of a connector of OpenAI.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	OpenAIConnectorID string `json:"openAIConnectorID,omitempty"`
	// serverURL is the URL of the server that the connector is for.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +optional
	ServerURL string `json:"serverURL,omitempty"`
	// clientSecretID is the id of the room secret that is the secret of the client.
	// +optional
	ClientSecretID SecretID `json:"clientSecretID,omitempty"`
}

// PullOAuth gets an OAuth access token: the one that somebody has approved before, or one that a participant is asked to
// approve. The room keeps it fresh; it is looked at once a minute at least, and the target is written when it is another one.
// +kubebuilder:validation:XValidation:rule="has(self.connector) || (has(self.clientID) && has(self.authorizationEndpoint) && has(self.tokenEndpoint))",message="clientID, authorizationEndpoint and tokenEndpoint must be set, or connector"
type PullOAuth struct {
	// clientID is the id of the OAuth client.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	ClientID string `json:"clientID,omitempty"`
	// clientSecretRef names the secret of the OAuth client, which the room needs to get tokens. Public clients have none.
	// +optional
	ClientSecretRef *SecretKeyRef `json:"clientSecretRef,omitempty"`
	// authorizationEndpoint is where people approve.
	// +optional
	AuthorizationEndpoint HTTPURL `json:"authorizationEndpoint,omitempty"`
	// tokenEndpoint is where the room gets tokens.
	// +optional
	TokenEndpoint HTTPURL `json:"tokenEndpoint,omitempty"`
	// scopes that are asked for.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	// +listType=atomic
	// +optional
	Scopes []string `json:"scopes,omitempty"`
	// pkce says whether the provider is given a code challenge: S256 (the default) or None.
	// +optional
	PKCE PKCE `json:"pkce,omitempty"`
	// redirectURI is where the provider sends whoever approves. The default is the consent page of the operator.
	// +optional
	RedirectURI HTTPURL `json:"redirectURI,omitempty"`
	// connector names a client that the room knows already.
	// +optional
	Connector *OAuthConnector `json:"connector,omitempty"`
	// from is who is asked to approve.
	// +required
	From ParticipantReference `json:"from"`
	// delegateTo is the identity that may use the token in the room. The default is the operator's own identity.
	// +optional
	DelegateTo Identity `json:"delegateTo,omitempty"`
	// delegatedBy is the identity that has approved the token before and delegated it to the operator's own identity.
	// +optional
	DelegatedBy Identity `json:"delegatedBy,omitempty"`
	// timeout is how long the room waits for somebody to approve before they are asked again: 1s to 1h, 5m if it is not set.
	// +kubebuilder:validation:XValidation:rule="duration(self) >= duration('1s') && duration(self) <= duration('1h')",message="must be between 1s and 1h"
	// +optional
	Timeout *metav1.Duration `json:"timeout,omitempty"`
	// format says what is written: Token (the default), or Header, which is "Bearer " and the token.
	// +optional
	Format TokenFormat `json:"format,omitempty"`
}

// HTTPURL is a URL with the scheme https, or http on localhost.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=512
// +kubebuilder:validation:XValidation:rule="self.matches('^https://([0-9A-Za-z._-]+|[[][0-9A-Fa-f:.]+[]])(:[0-9]+)?([/?][^#\\\\s]*)?$') || self.matches('^http://(localhost|127[.]0[.]0[.]1|[[]::1[]])(:[0-9]+)?([/?][^#\\\\s]*)?$')",message="must be an https URL without user and fragment (or http on localhost)"
type HTTPURL string

// RequestKind says what is asked for.
// +kubebuilder:validation:Enum=Secret;OAuthToken
type RequestKind string

const (
	// RequestSecret is a request of a secret.
	RequestSecret RequestKind = "Secret"
	// RequestOAuthToken is a request of an OAuth token.
	RequestOAuthToken RequestKind = "OAuthToken"
)

// PendingState says how a request stands.
// +kubebuilder:validation:Enum=Waiting;Absent;Rejected;TimedOut;Failed;Approved;Denied
type PendingState string

const (
	// PendingWaiting is a request that waits for an answer.
	PendingWaiting PendingState = "Waiting"
	// PendingAbsent is a request of a participant who is not in the room.
	PendingAbsent PendingState = "Absent"
	// PendingRejected is a request that was rejected, and is made again later.
	PendingRejected PendingState = "Rejected"
	// PendingTimedOut is a request that nobody answered in time, and is made again later.
	PendingTimedOut PendingState = "TimedOut"
	// PendingFailed is a request that the room could not make, and is made again later.
	PendingFailed PendingState = "Failed"
	// PendingApproved is a request that somebody has approved on the consent page.
	PendingApproved PendingState = "Approved"
	// PendingDenied is a request that somebody has denied on the consent page.
	PendingDenied PendingState = "Denied"
)

// PendingRequest is a request that waits for somebody: on pull for the participant who was asked, on provide for a person
// who approves.
type PendingRequest struct {
	// name is unique within the list: on pull the key of the entry, on provide the id of the request.
	// +required
	Name string `json:"name"`
	// kind says what is asked for.
	// +required
	Kind RequestKind `json:"kind"`
	// participant is who is asked (pull), or who asks (provide): the identity, or else the id.
	// +optional
	Participant string `json:"participant,omitempty"`
	// url is what is asked for; of a token the authorization endpoint.
	// +optional
	URL string `json:"url,omitempty"`
	// state of the request.
	// +required
	State PendingState `json:"state"`
	// since is when it was first made.
	// +required
	Since metav1.Time `json:"since"`
	// until is when whoever waits gives up.
	// +optional
	Until *metav1.Time `json:"until,omitempty"`
	// attempts is how often it was made in vain, and nextAttemptTime when it is made again.
	// +optional
	Attempts int32 `json:"attempts,omitempty"`
	// nextAttemptTime is when it is made again.
	// +optional
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`
	// consentURL is where the request is approved or denied. Without approvers in the rule, whoever has this link may.
	// +optional
	ConsentURL string `json:"consentURL,omitempty"`
	// authorization is what somebody is to approve.
	// +optional
	Authorization *PendingAuthorization `json:"authorization,omitempty"`
	// decidedBy is who approved or denied it on the consent page: the e-mail address, or "link".
	// +kubebuilder:validation:MaxLength=254
	// +optional
	DecidedBy string `json:"decidedBy,omitempty"`
	// decidedTime is when the decision was taken into status.answers.
	// +optional
	DecidedTime *metav1.Time `json:"decidedTime,omitempty"`
	// seal proves that the operator wrote this record. Without a valid seal nobody can approve it.
	// +optional
	Seal string `json:"seal,omitempty"`
}

// PendingAuthorization is what somebody is to approve.
type PendingAuthorization struct {
	// rule is the item of spec.provide.oauth that describes it.
	// +required
	Rule int32 `json:"rule"`
	// clientID is the OAuth client that the token is for.
	// +required
	ClientID string `json:"clientID"`
	// scopes that are asked for.
	// +listType=atomic
	// +optional
	Scopes []string `json:"scopes,omitempty"`
	// redirectURI is where the provider sends whoever approves.
	// +required
	RedirectURI string `json:"redirectURI"`
	// challenge is the code challenge of PKCE. What it is made of only the room knows.
	// +optional
	Challenge string `json:"challenge,omitempty"`
	// delegateTo is the identity that may use the token afterwards.
	// +optional
	DelegateTo string `json:"delegateTo,omitempty"`
}

// Answers tells what a RoomSecret with spec.provide has answered.
type Answers struct {
	// provided and rejected count the answers since the RoomSecret was created. A crash may lose the last few; the metric
	// roomsecret_answers_total counts exactly for as long as the operator runs.
	// +optional
	Provided int64 `json:"provided,omitempty"`
	// rejected counts the requests that a rule of this RoomSecret described and that were refused all the same.
	// +optional
	Rejected int64 `json:"rejected,omitempty"`
	// recent are the last answers, the newest first.
	// +kubebuilder:validation:MaxItems=10
	// +listType=atomic
	// +optional
	Recent []Answer `json:"recent,omitempty"`
}

// AnswerOutcome says how a request was answered.
// +kubebuilder:validation:Enum=Provided;Rejected;Expired
type AnswerOutcome string

const (
	// AnswerProvided is a request that was answered with what was asked for.
	AnswerProvided AnswerOutcome = "Provided"
	// AnswerRejected is a request that was refused.
	AnswerRejected AnswerOutcome = "Rejected"
	// AnswerExpired is a request that nobody approved or denied in time.
	AnswerExpired AnswerOutcome = "Expired"
)

// Answer is one answer to a request.
type Answer struct {
	// time of the answer.
	// +required
	Time metav1.Time `json:"time"`
	// kind says what was asked for.
	// +required
	Kind RequestKind `json:"kind"`
	// participant is who asked: the identity, or else the id. It is empty when the room does not say.
	// +optional
	Participant string `json:"participant,omitempty"`
	// url is what was asked for, without user, query and fragment.
	// +optional
	URL string `json:"url,omitempty"`
	// outcome of the request.
	// +required
	Outcome AnswerOutcome `json:"outcome"`
	// message says why it was refused.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	Message string `json:"message,omitempty"`
	// by is who approved or denied it on the consent page: the e-mail address, or "link".
	// +optional
	By string `json:"by,omitempty"`
}

// Asked is what a participant was asked for to get the value of an entry.
type Asked struct {
	// digest of everything that was asked for: an entry that asks for something else is asked for anew.
	// +required
	Digest string `json:"digest"`
	// type is what kind of secret was asked for. It is empty for a token.
	// +optional
	Type string `json:"type,omitempty"`
	// deletionPolicy says what happens to the answer that the room keeps.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}
