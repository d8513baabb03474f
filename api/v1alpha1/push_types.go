// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SecretID is the id of a room secret.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=128
// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._/-]+$')",message="must consist of letters, digits, '.', '_', '/' and '-'"
type SecretID string

// MIMEType is the type of a room secret: usually a MIME type such as text/plain, or a short label.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=127
// +kubebuilder:validation:XValidation:rule="self.matches('^[!-~]+$')",message="must consist of printable ASCII characters without spaces, such as text/plain"
type MIMEType string

// ConflictPolicy says what to do with a row of the room that exists and is not ours.
// +kubebuilder:validation:Enum=Fail;Adopt;Skip
type ConflictPolicy string

const (
	// ConflictFail leaves the row alone and reports Conflict.
	ConflictFail ConflictPolicy = "Fail"
	// ConflictAdopt takes the row over.
	ConflictAdopt ConflictPolicy = "Adopt"
	// ConflictSkip leaves the row alone and is content with it.
	ConflictSkip ConflictPolicy = "Skip"
)

// DriftPolicy says what to do with a row of ours that somebody changed or deleted in the room.
// +kubebuilder:validation:Enum=Correct;Report;Ignore
type DriftPolicy string

const (
	// DriftCorrect writes the row again.
	DriftCorrect DriftPolicy = "Correct"
	// DriftReport leaves the row and sets the condition Drifted.
	DriftReport DriftPolicy = "Report"
	// DriftIgnore leaves the row and says nothing.
	DriftIgnore DriftPolicy = "Ignore"
)

// OnSourceDeleted says what to do with room secrets of ours whose source Secret is deleted.
// +kubebuilder:validation:Enum=Keep;Delete
type OnSourceDeleted string

const (
	// SourceDeletedKeep leaves them in the room.
	SourceDeletedKeep OnSourceDeleted = "Keep"
	// SourceDeletedDelete deletes them.
	SourceDeletedDelete OnSourceDeleted = "Delete"
)

// DeletionPolicy says what happens to what we wrote when it is no longer wanted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionRetain leaves it where it is.
	DeletionRetain DeletionPolicy = "Retain"
	// DeletionDelete deletes it.
	DeletionDelete DeletionPolicy = "Delete"
)

// Push puts values of a Kubernetes Secret into the room.
// +kubebuilder:validation:XValidation:rule="has(self.entries) || has(self.allKeys)",message="at least one of entries and allKeys must be set"
type Push struct {
	// secretRef names the source Secret.
	// +required
	SecretRef LocalSecretRef `json:"secretRef"`
	// entries are the keys to push, each with its own settings.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(e, self.exists_one(f, (has(f.id) ? f.id : f.name) == (has(e.id) ? e.id : e.name) && (has(f.forIdentity) ? f.forIdentity : '') == (has(e.forIdentity) ? e.forIdentity : '')))",message="two entries have the same id and forIdentity"
	// +listType=map
	// +listMapKey=name
	// +optional
	Entries []PushEntry `json:"entries,omitempty"`
	// allKeys pushes every key of the Secret that no entry names.
	// +optional
	AllKeys *PushAllKeys `json:"allKeys,omitempty"`
	// conflictPolicy says what to do with a room secret that exists and is not ours: Fail, Adopt or Skip.
	// +kubebuilder:default=Fail
	// +optional
	ConflictPolicy ConflictPolicy `json:"conflictPolicy,omitempty"`
	// driftPolicy says what to do when somebody changed or deleted a room secret of ours: Correct, Report or Ignore.
	// +kubebuilder:default=Correct
	// +optional
	DriftPolicy DriftPolicy `json:"driftPolicy,omitempty"`
	// onSourceDeleted says what happens to room secrets of ours when the source Secret is deleted: Keep or Delete.
	// +kubebuilder:default=Keep
	// +optional
	OnSourceDeleted OnSourceDeleted `json:"onSourceDeleted,omitempty"`
	// deletionPolicy says what happens to room secrets of ours, adopted ones included, when their entry, their key (with
	// allKeys) or the RoomSecret is deleted: Retain or Delete. The key of an entry that disappears is an error, and its
	// room secret stays.
	// +kubebuilder:default=Retain
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// LocalSecretRef names a Secret in the namespace of the RoomSecret.
type LocalSecretRef struct {
	// name is the name of the Secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}

// Template is a Go template with a list of functions that see nothing but their arguments.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=4096
type Template string

// PushEntry pushes one key, or what a template makes of several.
// +kubebuilder:validation:XValidation:rule="has(self.key) != has(self.template)",message="exactly one of key and template must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.delegatedOnly) || !self.delegatedOnly || has(self.delegations)",message="delegatedOnly needs delegations"
type PushEntry struct {
	// name is the handle of the entry, and the default of id.
	// +required
	Name SecretID `json:"name"`
	// key is the key in the source Secret whose value is pushed.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +optional
	Key string `json:"key,omitempty"`
	// template makes the value of several keys, as in https://{{ .user }}:{{ .password }}@example.com. It is a Go template
	// with the keys of the source Secret; a key that is no identifier is {{ index . "tls.key" }}. A key that is not there is an
	// error. A key that only templates use is one that allKeys pushes.
	// +optional
	Template Template `json:"template,omitempty"`
	// id is the id of the room secret. The default is the name of the entry.
	// +optional
	ID SecretID `json:"id,omitempty"`
	// displayName is the name of the room secret. The default is its id.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +optional
	DisplayName string `json:"displayName,omitempty"`
	// type is the MIME type of the room secret. The default is application/octet-stream.
	// +optional
	Type MIMEType `json:"type,omitempty"`
	// forIdentity is the owner of the room secret. The default is the operator's own identity in the room.
	// +optional
	ForIdentity Identity `json:"forIdentity,omitempty"`
	// delegations are the identities that the value is delegated to: one more row of the room for each.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=to
	// +optional
	Delegations []Delegation `json:"delegations,omitempty"`
	// delegatedOnly leaves out the row that is not delegated.
	// +optional
	DelegatedOnly bool `json:"delegatedOnly,omitempty"`
}

// Delegation names an identity that a room secret is delegated to.
type Delegation struct {
	// to is the identity of the delegate.
	// +required
	To Identity `json:"to"`
}

// PushAllKeys pushes every key that no entry names.
type PushAllKeys struct {
	// idPrefix is put before the key to make the id of the room secret.
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9._/-]*$')",message="must consist of letters, digits, '.', '_', '/' and '-'"
	// +optional
	IDPrefix string `json:"idPrefix,omitempty"`
	// type is the MIME type of the room secrets. The default is application/octet-stream.
	// +optional
	Type MIMEType `json:"type,omitempty"`
}
