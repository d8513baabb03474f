// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// pendingSeal returns the seal of a pending request of the RoomSecret with a UID. The status can be edited by whoever has
// the right to, and what it says is what people approve: so the seal covers everything but how the request stands, and who
// has decided it and when. It is the same before and after the API server has had the record.
func pendingSeal(digests fingerprint.Key, uid string, pending roomv1alpha1.PendingRequest) string {
	pending.State, pending.DecidedBy, pending.DecidedTime, pending.Seal = "", "", nil, ""
	record, err := json.Marshal(pending)
	if err != nil {
		return "" // cannot be: there is nothing in it that JSON has no form for; and an empty seal is never valid
	}
	return digests.Digest("pending", []byte(uid), record)
}

// isSealed reports whether a pending request of the RoomSecret with a UID is as the operator has written it.
func isSealed(digests fingerprint.Key, uid string, pending roomv1alpha1.PendingRequest) bool {
	return fingerprint.Equal(pending.Seal, pendingSeal(digests, uid, pending))
}
