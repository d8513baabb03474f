// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// RoomReference names the room that a RoomSecret works with.
type RoomReference struct {
	// kind is Room, in the namespace of the RoomSecret, or ClusterRoom. The default is Room.
	// +optional
	Kind RoomKind `json:"kind,omitempty"`
	// name is the name of the Room or ClusterRoom.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +required
	Name string `json:"name"`
}

// RoomSecretSpec says what the room should hold (push), what should come out of it (pull), or what is answered when others
// ask (provide).
// +kubebuilder:validation:XValidation:rule="[has(self.push), has(self.pull), has(self.provide)].exists_one(x, x)",message="exactly one of spec.push, spec.pull and spec.provide must be set"
// +kubebuilder:validation:XValidation:rule="has(self.push) == has(oldSelf.push) && has(self.pull) == has(oldSelf.pull)",message="a RoomSecret cannot change its direction: create another RoomSecret"
type RoomSecretSpec struct {
	// roomRef names the room. It cannot be changed: create another RoomSecret for another room.
	// +kubebuilder:validation:XValidation:rule="self.name == oldSelf.name && (has(self.kind) ? self.kind : 'Room') == (has(oldSelf.kind) ? oldSelf.kind : 'Room')",message="spec.roomRef cannot be changed: create another RoomSecret for another room"
	// +required
	RoomRef RoomReference `json:"roomRef"`
	// suspend stops syncing: nothing is read or written until it is false again. Deleting a suspended RoomSecret still
	// undoes what its policies say.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
	// push puts values of a Kubernetes Secret into the room.
	// +optional
	Push *Push `json:"push,omitempty"`
	// pull puts values of the room into a Kubernetes Secret.
	// +optional
	Pull *Pull `json:"pull,omitempty"`
	// provide answers what other participants ask the operator for.
	// +optional
	Provide *Provide `json:"provide,omitempty"`
}

// RoomSecretStatus tells how the RoomSecret stands and, on push, which rows of the room are ours.
type RoomSecretStatus struct {
	// observedGeneration is the generation of the spec that the conditions speak of; -1 before any controller has seen it.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`
	// conditions: Ready, and while they are true Reconciling, Stalled and Drifted.
	// +listType=map
	// +listMapKey=type
	// +optional
	Conditions []metav1.Condition `json:"conditions,omitempty"`
	// direction is Push, Pull or Provide.
	// +optional
	Direction Direction `json:"direction,omitempty"`
	// summary counts the entries by state.
	// +optional
	Summary *Summary `json:"summary,omitempty"`
	// entries has one item for each row of the room (push), key of the target (pull) or rule (provide). It is the ledger: only what is
	// recorded here, with a valid seal, is ever changed or deleted. A rule that another RoomSecret answers for is Skipped.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=512
	// +optional
	Entries []EntryStatus `json:"entries,omitempty"`
	// pending are the requests that wait for somebody.
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=256
	// +optional
	Pending []PendingRequest `json:"pending,omitempty"`
	// answers tells what was answered to other participants (provide).
	// +optional
	Answers *Answers `json:"answers,omitempty"`
	// target is the Kubernetes Secret that a pull writes.
	// +optional
	Target *TargetStatus `json:"target,omitempty"`
	// binding names the Secret for consumers that follow the Service Binding specification.
	// +optional
	Binding *BindingStatus `json:"binding,omitempty"`
	// basis is a seal of what the entries were in sync with when they last all were, besides the room: the spec, the version
	// of the Kubernetes Secret, what the room allows. While it holds, the Secret is not read again, not even after a restart.
	// +kubebuilder:validation:MaxLength=64
	// +optional
	Basis string `json:"basis,omitempty"`
	// restarts remembers for which content of the target each workload of spec.pull.restart was last restarted.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +optional
	Restarts []RestartStatus `json:"restarts,omitempty"`
	// lastChangeTime is when something was last written to the room or to the target, or given to whoever asked.
	// +optional
	LastChangeTime *metav1.Time `json:"lastChangeTime,omitempty"`
	// lastHandledRequestedAt is the value that the annotation roomsecrets.io/requestedAt had when the RoomSecret was last
	// synced, so that whoever set it can tell that it was heeded.
	// +kubebuilder:validation:MaxLength=256
	// +optional
	LastHandledRequestedAt string `json:"lastHandledRequestedAt,omitempty"`
}

// AnnotationRequestedAt is set to a new value, by convention the time, to have a RoomSecret synced, or a room connected or
// read, at once. Values longer than 256 bytes are not echoed in status.lastHandledRequestedAt in full.
const AnnotationRequestedAt = "roomsecrets.io/requestedAt"

// AnnotationConfirmPrune is set to the value that a message with the reason PruneBlocked names, to have deleted what it speaks of.
const AnnotationConfirmPrune = "roomsecrets.io/confirm-prune"

// Direction says which way values go.
type Direction string

const (
	// DirectionPush is from a Kubernetes Secret into the room.
	DirectionPush Direction = "Push"
	// DirectionPull is from the room into a Kubernetes Secret.
	DirectionPull Direction = "Pull"
	// DirectionProvide is from a Kubernetes Secret to whoever asks in the room.
	DirectionProvide Direction = "Provide"
)

// Summary counts entries.
type Summary struct {
	// ready is "<in sync>/<desired>", for people.
	// +optional
	Ready string `json:"ready,omitempty"`
	// desired is the number of entries that the spec asks for.
	Desired int32 `json:"desired"`
	// inSync is how many of them are as they should be.
	InSync int32 `json:"inSync"`
	// failed is how many of them could not be made so.
	Failed int32 `json:"failed"`
	// drifted is how many of them differ in the room and are left so (driftPolicy Report).
	Drifted int32 `json:"drifted"`
	// pending is how many of them are still being worked on.
	Pending int32 `json:"pending"`
}

// EntryState is the state of one entry.
// +kubebuilder:validation:Enum=Pending;InSync;Drifted;Failed;Skipped;Deleting
type EntryState string

const (
	// EntryPending is an entry that has been decided and not yet confirmed.
	EntryPending EntryState = "Pending"
	// EntryInSync is an entry that is as it should be.
	EntryInSync EntryState = "InSync"
	// EntryDrifted is an entry that differs in the room and is left so.
	EntryDrifted EntryState = "Drifted"
	// EntryFailed is an entry that could not be made as it should be; the reason says why.
	EntryFailed EntryState = "Failed"
	// EntrySkipped is an entry whose row belongs to somebody else (conflictPolicy Skip), or a rule that another one answers for.
	EntrySkipped EntryState = "Skipped"
	// EntryDeleting is a row that is being deleted from the room.
	EntryDeleting EntryState = "Deleting"
)

// Origin says how something came to be ours.
// +kubebuilder:validation:Enum=Created;Adopted
type Origin string

const (
	// OriginCreated is what we created.
	OriginCreated Origin = "Created"
	// OriginAdopted is what existed and was taken over (conflictPolicy Adopt, target.adopt).
	OriginAdopted Origin = "Adopted"
)

// Verified says how it is known what the room holds.
// +kubebuilder:validation:Enum=Value;Existence
type Verified string

const (
	// VerifiedValue is a row that was read and compared.
	VerifiedValue Verified = "Value"
	// VerifiedExistence is a row of which only is known that it is there.
	VerifiedExistence Verified = "Existence"
)

// EntryStatus is the state of one row of the room or of one key of the target.
type EntryStatus struct {
	// name is unique within the list: on push <id>[@<identity>][><delegate>], on pull the key, on provide secrets[0], oauth[0]
	// and so on.
	// +required
	Name string `json:"name"`
	// entry is the entry of the spec that it comes of: on push its name; on pull, when one entry gives several keys, its key,
	// or find[0], find[1] and so on, or template[KEY] for a key of the template.
	// +optional
	Entry string `json:"entry,omitempty"`
	// id is the id of the room secret, or the url that was asked for.
	// +optional
	ID string `json:"id,omitempty"`
	// identity is the owner of the room secret.
	// +optional
	Identity string `json:"identity,omitempty"`
	// delegatedTo is the identity that the room secret is delegated to.
	// +optional
	DelegatedTo string `json:"delegatedTo,omitempty"`
	// state of the entry.
	// +required
	State EntryState `json:"state"`
	// reason says why, when the state is not InSync.
	// +optional
	Reason Reason `json:"reason,omitempty"`
	// message says what to do about it.
	// +kubebuilder:validation:MaxLength=1024
	// +optional
	Message string `json:"message,omitempty"`
	// origin says how the row or key came to be ours. Without it, it is not ours.
	// +optional
	Origin Origin `json:"origin,omitempty"`
	// digest is a keyed digest of what we last wrote; it says nothing about the value without the operator's key.
	// +optional
	Digest string `json:"digest,omitempty"`
	// verified says, on push, how it is known what the room holds. Value: it was read back and compared. Existence: the
	// credential of the room cannot read it, because it belongs to another identity; only that it is there is known.
	// +optional
	Verified Verified `json:"verified,omitempty"`
	// seal proves that the operator wrote this record. A record without a valid seal gives no right to change anything.
	// +optional
	Seal string `json:"seal,omitempty"`
	// asked is what a participant was asked for to get the value of the key.
	// +optional
	Asked *Asked `json:"asked,omitempty"`
	// lastChangeTime is when the row or key was last written.
	// +optional
	LastChangeTime *metav1.Time `json:"lastChangeTime,omitempty"`
}

// TargetStatus names the Kubernetes Secret that a pull writes.
type TargetStatus struct {
	// name of the Secret.
	// +required
	Name string `json:"name"`
}

// RestartStatus remembers the restart of a workload.
type RestartStatus struct {
	// kind of the workload.
	// +required
	Kind WorkloadKind `json:"kind"`
	// name of the workload.
	// +required
	Name string `json:"name"`
	// digest is the keyed digest of the content that the pods of the workload have, or get when they are replaced.
	// +required
	Digest string `json:"digest"`
}

// BindingStatus names a Secret, as the Service Binding specification expects it.
type BindingStatus struct {
	// name of the Secret.
	// +required
	Name string `json:"name"`
}

// RoomSecret keeps secrets of a room and a Kubernetes Secret in step, in one direction.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=rmsec,categories=roomsync
// +kubebuilder:printcolumn:name="Direction",type=string,JSONPath=`.status.direction`
// +kubebuilder:printcolumn:name="Room",type=string,JSONPath=`.spec.roomRef.name`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Entries",type=string,JSONPath=`.status.summary.ready`
// +kubebuilder:printcolumn:name="Changed",type=date,JSONPath=`.status.lastChangeTime`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type RoomSecret struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec says what to keep in step with what.
	// +required
	Spec RoomSecretSpec `json:"spec"`
	// status tells how it stands.
	// +kubebuilder:default={"observedGeneration":-1}
	// +optional
	Status RoomSecretStatus `json:"status,omitempty"`
}

// RoomSecretList is a list of RoomSecrets.
//
// +kubebuilder:object:root=true
type RoomSecretList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []RoomSecret `json:"items"`
}
