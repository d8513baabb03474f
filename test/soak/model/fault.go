// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

// Fault is something that goes wrong, or is mended.
type Fault string

// The faults. A program that is killed ends at once, one that is stopped is asked to end; both keep what they have stored.
const (
	KillRoomServer  Fault = "kill the room server"
	StopRoomServer  Fault = "stop the room server"
	StartRoomServer Fault = "start the room server"

	KillOperator  Fault = "kill the operator"
	StopOperator  Fault = "stop the operator"
	StartOperator Fault = "start the operator"

	CutRooms   Fault = "cut all connections to the rooms"
	CloseRooms Fault = "cut the operator off the rooms"
	OpenRooms  Fault = "let the operator reach the rooms"

	CutAPIServer   Fault = "cut all connections to the API server"
	CloseAPIServer Fault = "cut the operator off the API server"
	OpenAPIServer  Fault = "let the operator reach the API server"

	RevokeCredential  Fault = "give the rooms a credential that is not valid"
	DeleteCredential  Fault = "delete the credential of the rooms"
	RestoreCredential Fault = "restore the credential of the rooms"
)

// kind is what faults have in common that exclude each other.
type kind struct {
	faults []Fault
	// mend ends the faults; empty if they are over at once.
	mend Fault
}

func kinds() []kind {
	return []kind{
		{[]Fault{KillRoomServer, StopRoomServer}, StartRoomServer},
		{[]Fault{KillOperator, StopOperator}, StartOperator},
		{[]Fault{CutRooms}, ""},
		{[]Fault{CloseRooms}, OpenRooms},
		{[]Fault{CutAPIServer}, ""},
		{[]Fault{CloseAPIServer}, OpenAPIServer},
		{[]Fault{RevokeCredential, DeleteCredential}, RestoreCredential},
	}
}
