// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package laws

import (
	"regexp"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// maxMessage is the longest message of a condition or an entry, in bytes.
const maxMessage = 1024

func (b *book) checkConditions(object client.Object, observed int64) {
	conditions := Conditions(object)
	ready := meta.FindStatusCondition(conditions, string(roomv1alpha1.ConditionReady))
	if ready == nil {
		b.broken("Ready is missing")
		return
	}
	b.checkTogether(conditions, ready)
	for _, c := range conditions {
		if c.ObservedGeneration != observed {
			b.broken("%s is of generation %d, and the status of %d", c.Type, c.ObservedGeneration, observed)
		}
		if c.Message == "" {
			b.broken("%s says nothing", c.Type)
		}
		b.checkText(c.Type, c.Message)
		if !belongs(object, ready, c) {
			b.broken("%s is %s for the reason %q, which does not belong to it", c.Type, c.Status, c.Reason)
		}
	}
}

// checkTogether checks which conditions are there beside each other.
func (b *book) checkTogether(conditions []metav1.Condition, ready *metav1.Condition) {
	for _, c := range conditions {
		switch {
		case c.Type == string(roomv1alpha1.ConditionReady):
		case !slices.Contains([]roomv1alpha1.ConditionType{roomv1alpha1.ConditionReconciling, roomv1alpha1.ConditionStalled, roomv1alpha1.ConditionDrifted}, roomv1alpha1.ConditionType(c.Type)):
			b.broken("%s is no condition of ours", c.Type)
		case c.Status != metav1.ConditionTrue:
			b.broken("%s is there and not True", c.Type)
		case ready.Status == metav1.ConditionTrue:
			b.broken("%s is True together with Ready", c.Type)
		}
	}
	if meta.FindStatusCondition(conditions, string(roomv1alpha1.ConditionReconciling)) != nil &&
		meta.FindStatusCondition(conditions, string(roomv1alpha1.ConditionStalled)) != nil {
		b.broken("Reconciling and Stalled are True together")
	}
}

// belongs reports whether a condition may have the reason that it has.
func belongs(object client.Object, ready *metav1.Condition, c metav1.Condition) bool {
	reason := roomv1alpha1.Reason(c.Reason)
	_, isRoomSecret := object.(*roomv1alpha1.RoomSecret)
	good := roomv1alpha1.ReasonConnected
	if isRoomSecret {
		good = roomv1alpha1.ReasonInSync
	}
	if !slices.Contains(roomv1alpha1.Reasons(), reason) || slices.Contains(ofTheOthers(isRoomSecret), reason) {
		return false
	}
	switch roomv1alpha1.ConditionType(c.Type) {
	case roomv1alpha1.ConditionReady:
		return (reason == good) == (c.Status == metav1.ConditionTrue)
	case roomv1alpha1.ConditionDrifted:
		return isRoomSecret && reason == roomv1alpha1.ReasonDrifted
	case roomv1alpha1.ConditionStalled:
		return c.Reason == ready.Reason && !slices.Contains(passing(), reason)
	case roomv1alpha1.ConditionReconciling:
		return c.Reason == ready.Reason
	}
	return false
}

// ofTheOthers returns the reasons that only the conditions of the other kinds have, of rooms or of RoomSecrets, or only events.
func ofTheOthers(isRoomSecret bool) []roomv1alpha1.Reason {
	if isRoomSecret {
		return []roomv1alpha1.Reason{
			roomv1alpha1.ReasonConnected, roomv1alpha1.ReasonConnecting, roomv1alpha1.ReasonUnreachable, roomv1alpha1.ReasonUnauthorized,
			roomv1alpha1.ReasonRoomUnknown, roomv1alpha1.ReasonRoomClosed, roomv1alpha1.ReasonCredentialNotFound, roomv1alpha1.ReasonInvalidCredential,
			roomv1alpha1.ReasonOrphaned, roomv1alpha1.ReasonProvided,
		}
	}
	return []roomv1alpha1.Reason{
		roomv1alpha1.ReasonInSync, roomv1alpha1.ReasonRoomNotFound, roomv1alpha1.ReasonRoomNotReady, roomv1alpha1.ReasonAccessDenied,
		roomv1alpha1.ReasonSourceNotFound, roomv1alpha1.ReasonKeyNotFound, roomv1alpha1.ReasonRoomSecretNotFound, roomv1alpha1.ReasonTargetNotFound,
		roomv1alpha1.ReasonTargetImmutable, roomv1alpha1.ReasonTypeMismatch, roomv1alpha1.ReasonConflict, roomv1alpha1.ReasonSkipped,
		roomv1alpha1.ReasonInvalidKey, roomv1alpha1.ReasonInvalidValue, roomv1alpha1.ReasonInvalidTemplate, roomv1alpha1.ReasonTooLarge,
		roomv1alpha1.ReasonPruneBlocked, roomv1alpha1.ReasonDrifted, roomv1alpha1.ReasonRejected, roomv1alpha1.ReasonOrphaned, roomv1alpha1.ReasonProvided,
	}
}

// passing returns the reasons that go away by themselves: with none of them is an object stalled.
func passing() []roomv1alpha1.Reason {
	return []roomv1alpha1.Reason{
		roomv1alpha1.ReasonProgressing, roomv1alpha1.ReasonRoomNotReady, roomv1alpha1.ReasonConnecting,
		roomv1alpha1.ReasonRateLimited, roomv1alpha1.ReasonDeleting,
		roomv1alpha1.ReasonAwaitingParticipant, roomv1alpha1.ReasonAwaitingAuthorization,
	}
}

// volatile is text that is another one the next time although nothing has changed, and costs a write each time: a time, a
// duration, a random id, an address with the port that a program happened to get, a pointer.
var volatile = regexp.MustCompile(
	`\d{4}-\d\d-\d\d|\d\d:\d\d:\d\d` +
		`|(^|[\s(])(\d+(\.\d+)?(h|m|s|ms|µs|ns))+\b` +
		`|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-` +
		`|\d+\.\d+\.\d+\.\d+|\]:\d+|:\d{4,5}\b` +
		`|\b0x[0-9a-f]+`)

// checkText checks a message for people.
func (b *book) checkText(where, message string) {
	if len(message) > maxMessage {
		b.broken("%s has a message of %d bytes", where, len(message))
	}
	if found := volatile.FindString(message); found != "" {
		b.broken("%s has a message with %q in it, which does not stay the same: %s", where, found, message)
	}
}
