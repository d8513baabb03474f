// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ConditionType is the type of a condition in the status of a kind of this package.
type ConditionType string

const (
	// ConditionReady is True when the object is as its spec says, and False or Unknown with the reason when it is not.
	ConditionReady ConditionType = "Ready"
	// ConditionReconciling is present, and True, while the controller is still working towards the spec.
	ConditionReconciling ConditionType = "Reconciling"
	// ConditionStalled is present, and True, while only a change by a person can help.
	ConditionStalled ConditionType = "Stalled"
	// ConditionDrifted is present, and True, while the room differs from the spec and driftPolicy says to leave it so.
	ConditionDrifted ConditionType = "Drifted"
)

// Reason says why a condition or an entry has its state. The set is closed: every reason a controller reports is one
// of the constants below.
type Reason string

// Reasons of a RoomSecret and of its entries.
const (
	// ReasonInSync surfaces when everything is as the spec says.
	ReasonInSync Reason = "InSync"
	// ReasonProgressing surfaces while work is under way or will be tried again by itself.
	ReasonProgressing Reason = "Progressing"
	// ReasonRoomNotFound surfaces when the Room or ClusterRoom that roomRef names does not exist.
	ReasonRoomNotFound Reason = "RoomNotFound"
	// ReasonRoomNotReady surfaces when there is no connection to the room at the moment.
	ReasonRoomNotReady Reason = "RoomNotReady"
	// ReasonAccessDenied surfaces when no access rule of the Room or ClusterRoom allows what the RoomSecret asks for.
	ReasonAccessDenied Reason = "AccessDenied"
	// ReasonSourceNotFound surfaces when the source Secret of a push, or of a rule of provide, does not exist.
	ReasonSourceNotFound Reason = "SourceNotFound"
	// ReasonKeyNotFound surfaces when the source Secret lacks a key that an entry or a rule names, or the target of a pull would lack a
	// key that its type requires.
	ReasonKeyNotFound Reason = "KeyNotFound"
	// ReasonRoomSecretNotFound surfaces when the room holds no secret that an entry or a find of a pull asks for.
	ReasonRoomSecretNotFound Reason = "RoomSecretNotFound"
	// ReasonTargetNotFound surfaces when the target of a pull with creationPolicy Merge does not exist.
	ReasonTargetNotFound Reason = "TargetNotFound"
	// ReasonTargetImmutable surfaces when the target of a pull is immutable and would have to change.
	ReasonTargetImmutable Reason = "TargetImmutable"
	// ReasonTypeMismatch surfaces when the target of a pull exists with another type than the spec asks for.
	ReasonTypeMismatch Reason = "TypeMismatch"
	// ReasonConflict surfaces when a room secret or a target exists or is claimed by somebody else, when two sources of a
	// pull give one key, or when another rule answers everything that a rule of provide describes. Of a Room or ClusterRoom when another one,
	// which another operator works with, is the same room.
	ReasonConflict Reason = "Conflict"
	// ReasonAdoptionRequired surfaces when the target of a pull is not ours, target.adopt asks to take it over, and nothing on
	// the Secret allows that.
	ReasonAdoptionRequired Reason = "AdoptionRequired"
	// ReasonSkipped surfaces for an entry whose room secret belongs to somebody else and conflictPolicy is Skip.
	ReasonSkipped Reason = "Skipped"
	// ReasonInvalidKey surfaces when a name made from a key of the Secret is not a valid room secret id, or the other way round.
	ReasonInvalidKey Reason = "InvalidKey"
	// ReasonInvalidValue surfaces when a value of the room cannot be decoded or taken apart as the entry says.
	ReasonInvalidValue Reason = "InvalidValue"
	// ReasonInvalidTemplate surfaces when a template cannot be read, or cannot be filled in with what there is.
	ReasonInvalidTemplate Reason = "InvalidTemplate"
	// ReasonPruneBlocked surfaces when most of what a RoomSecret wrote would be deleted at once and nobody has confirmed it.
	ReasonPruneBlocked Reason = "PruneBlocked"
	// ReasonTooLarge surfaces when a value, a Secret, or the number of rows is larger than can be kept.
	ReasonTooLarge Reason = "TooLarge"
	// ReasonDrifted surfaces when the room differs from the spec and driftPolicy is Report.
	ReasonDrifted Reason = "Drifted"
	// ReasonUnsupported surfaces when the credential of the room cannot do what the entry needs, or the operator runs without
	// what the spec asks for, or leaves its room to another operator.
	ReasonUnsupported Reason = "Unsupported"
	// ReasonRejected surfaces when the room, or a participant who was asked, refuses a request, or the API server does not accept the target
	// or the restart of a workload.
	ReasonRejected Reason = "Rejected"
	// ReasonRateLimited surfaces when the room asks for a pause.
	ReasonRateLimited Reason = "RateLimited"
	// ReasonAwaitingParticipant surfaces while a participant has been asked for a secret and has not answered, or is not there.
	ReasonAwaitingParticipant Reason = "AwaitingParticipant"
	// ReasonAwaitingAuthorization surfaces while somebody has been asked to approve an OAuth token and has not.
	ReasonAwaitingAuthorization Reason = "AwaitingAuthorization"
	// ReasonProvided surfaces as an event when others were given what they asked for.
	ReasonProvided Reason = "Provided"
	// ReasonSuspended surfaces when spec.suspend is true.
	ReasonSuspended Reason = "Suspended"
	// ReasonDeleting surfaces while an object is being deleted and something must be undone first.
	ReasonDeleting Reason = "Deleting"
	// ReasonOrphaned surfaces as an event when room secrets had to be left behind because the room stayed out of reach.
	ReasonOrphaned Reason = "Orphaned"
)

// Reasons of a Room or ClusterRoom.
const (
	// ReasonConnected surfaces when the room is connected.
	ReasonConnected Reason = "Connected"
	// ReasonConnecting surfaces while the first connection is being made.
	ReasonConnecting Reason = "Connecting"
	// ReasonUnreachable surfaces when the endpoint does not answer, or the connection was lost and is being tried again.
	ReasonUnreachable Reason = "Unreachable"
	// ReasonUnauthorized surfaces when the endpoint does not accept the credential (HTTP 400 or 401).
	ReasonUnauthorized Reason = "Unauthorized"
	// ReasonForbidden surfaces when the credential is valid but not for this room (HTTP 403, or error code 1001).
	ReasonForbidden Reason = "Forbidden"
	// ReasonRoomUnknown surfaces when the endpoint does not have a room of this name (HTTP 404 or 410).
	ReasonRoomUnknown Reason = "RoomUnknown"
	// ReasonRoomClosed surfaces when the room is disabled (HTTP 423) or was closed for good.
	ReasonRoomClosed Reason = "RoomClosed"
	// ReasonCredentialNotFound surfaces when a Secret or ConfigMap, or a key in it, that auth or tls names does not exist.
	ReasonCredentialNotFound Reason = "CredentialNotFound"
	// ReasonInvalidCredential surfaces when a credential is there but cannot be read as an API key, token or certificate.
	ReasonInvalidCredential Reason = "InvalidCredential"
	// ReasonHostNotAllowed surfaces when the operator runs with --allowed-hosts and the endpoint is at none of them.
	ReasonHostNotAllowed Reason = "HostNotAllowed"
)

// Reasons returns every reason, in the order in which they are declared, for documentation and for tests that hold
// the controllers to the closed set.
func Reasons() []Reason {
	return []Reason{
		ReasonInSync, ReasonProgressing, ReasonRoomNotFound, ReasonRoomNotReady, ReasonAccessDenied,
		ReasonSourceNotFound, ReasonKeyNotFound, ReasonRoomSecretNotFound, ReasonTargetNotFound,
		ReasonTargetImmutable, ReasonTypeMismatch, ReasonConflict, ReasonAdoptionRequired, ReasonSkipped,
		ReasonInvalidKey, ReasonInvalidValue, ReasonInvalidTemplate, ReasonPruneBlocked, ReasonTooLarge, ReasonDrifted, ReasonUnsupported, ReasonRejected, ReasonRateLimited,
		ReasonAwaitingParticipant, ReasonAwaitingAuthorization, ReasonProvided,
		ReasonSuspended, ReasonDeleting, ReasonOrphaned,
		ReasonConnected, ReasonConnecting, ReasonUnreachable, ReasonUnauthorized, ReasonForbidden, ReasonRoomUnknown,
		ReasonRoomClosed, ReasonCredentialNotFound, ReasonInvalidCredential, ReasonHostNotAllowed,
	}
}
