// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import "strconv"

// Code is the number of an error content (room protocol, section 2.2). The zero value
// means that the error carries none.
type Code int

// Codes of the SDKs' registry that concern tool calls.
const (
	CodePermissionDenied  Code = 1001
	CodeInvalidRequest    Code = 1002
	CodeNotFound          Code = 1003
	CodeAlreadyExists     Code = 1004
	CodeConflict          Code = 1005
	CodeInvalidState      Code = 1006
	CodeDependencyMissing Code = 1007
	CodeOperationFailed   Code = 1008
	CodeTimeout           Code = 1009

	// CodeUnexpectedResponseType is never on the wire: a client gives it to a reply of
	// a content type that the tool cannot answer with.
	CodeUnexpectedResponseType Code = 1100
)

// String returns the registry's name in words, or the number when it has none here.
func (c Code) String() string {
	switch c {
	case 0:
		return "no code"
	case CodePermissionDenied:
		return "permission denied"
	case CodeInvalidRequest:
		return "invalid request"
	case CodeNotFound:
		return "not found"
	case CodeAlreadyExists:
		return "already exists"
	case CodeConflict:
		return "conflict"
	case CodeInvalidState:
		return "invalid state"
	case CodeDependencyMissing:
		return "dependency missing"
	case CodeOperationFailed:
		return "operation failed"
	case CodeTimeout:
		return "timeout"
	case CodeUnexpectedResponseType:
		return "unexpected response type"
	default:
		return "code " + strconv.Itoa(int(c))
	}
}
