// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package protocol

import (
	"encoding/binary"
	"encoding/json"
	"strconv"
)

// The calls that are made all the time append themselves to memory that is used again. What
// they append means the same as what [PackInvoke] makes of the same request.

// AppendCall appends the data of a set_secret message with the value.
func (r *SetSecretRequest) AppendCall(dst, value []byte) []byte {
	start := len(dst)
	dst = beginCall(dst, ToolSetSecret, `{"type":"binary","headers":`)
	dst = appendNullable(dst, `{"secret_id":`, r.SecretID)
	dst = appendNullable(dst, `,"type":`, r.Type)
	dst = appendNullable(dst, `,"name":`, r.Name)
	dst = appendNullable(dst, `,"delegated_to":`, r.DelegatedTo)
	dst = appendNullable(dst, `,"for_identity":`, r.ForIdentity)
	dst = strconv.AppendBool(append(dst, `,"has_data":`...), r.HasData)
	return append(endCall(dst, start), value...)
}

// AppendCall appends the data of a get_secret message.
func (r *GetSecretRequest) AppendCall(dst []byte) []byte {
	start := len(dst)
	dst = beginCall(dst, ToolGetSecret, jsonArguments)
	dst = appendNullable(dst, `{"secret_id":`, r.SecretID)
	dst = appendNullable(dst, `,"type":`, r.Type)
	dst = appendNullable(dst, `,"name":`, r.Name)
	dst = appendNullable(dst, `,"delegated_to":`, r.DelegatedTo)
	return endCall(dst, start)
}

// AppendCall appends the data of an exists message.
func (r *ExistsRequest) AppendCall(dst []byte) []byte {
	start := len(dst)
	dst = beginCall(dst, ToolExists, jsonArguments)
	dst = appendNullable(dst, `{"secret_id":`, &r.SecretID)
	dst = appendNullable(dst, `,"delegated_to":`, r.DelegatedTo)
	dst = appendNullable(dst, `,"for_identity":`, r.ForIdentity)
	return endCall(dst, start)
}

// AppendCall appends the data of a delete_secret message.
func (r *DeleteSecretRequest) AppendCall(dst []byte) []byte {
	start := len(dst)
	dst = beginCall(dst, ToolDeleteSecret, jsonArguments)
	dst = appendNullable(dst, `{"id":`, &r.ID)
	dst = appendNullable(dst, `,"delegated_to":`, r.DelegatedTo)
	return endCall(dst, start)
}

const jsonArguments = `{"type":"json","json":`

// beginCall appends everything before the request, and room for the length of the header.
func beginCall(dst []byte, tool, arguments string) []byte {
	dst = append(dst, make([]byte, lengthPrefix)...)
	dst = append(dst, `{"toolkit":"`+Toolkit+`","tool":"`...)
	dst = append(dst, tool...)
	dst = append(dst, `","arguments":`...)
	return append(dst, arguments...)
}

// endCall closes the request, the arguments and the header, whose length is known now.
func endCall(dst []byte, start int) []byte {
	dst = append(dst, "}}}"...)
	binary.BigEndian.PutUint64(dst[start:], uint64(len(dst[start+lengthPrefix:])))
	return dst
}

// appendNullable appends the beginning of a member, given as it stands, and its value.
func appendNullable(dst []byte, beginning string, value *string) []byte {
	dst = append(dst, beginning...)
	if value == nil {
		return append(dst, "null"...)
	}
	return appendString(dst, *value)
}

// appendString leaves everything that may need escaping to encoding/json.
func appendString(dst []byte, s string) []byte {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always can be
			return append(dst, quoted...)
		}
	}
	dst = append(dst, '"')
	dst = append(dst, s...)
	return append(dst, '"')
}
