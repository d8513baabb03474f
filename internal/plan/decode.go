// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"bytes"
	"encoding/base64"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Decode returns the value that a key gets of what the room holds. The Problem shows nothing of the value.
func Decode(how roomv1alpha1.Decode, value []byte) ([]byte, *Problem) {
	encoding := base64.RawStdEncoding
	switch how {
	case roomv1alpha1.DecodeBase64:
	case roomv1alpha1.DecodeBase64URL:
		encoding = base64.RawURLEncoding
	case roomv1alpha1.DecodeNone, "":
		return value, nil
	}
	text := bytes.TrimRight(bytes.TrimSpace(value), "=")
	decoded := make([]byte, encoding.DecodedLen(len(text)))
	n, err := encoding.Decode(decoded, text)
	if err != nil {
		return nil, &Problem{
			Reason:  roomv1alpha1.ReasonInvalidValue,
			Message: "The value in the room is not " + string(how) + ": correct it there, or change decode.",
		}
	}
	return decoded[:n], nil
}
