// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// effect is what becomes of the copy: the room secret that is pushed, or the key that is pulled.
type effect string

// The effects are all there are, and the words of the page.
const (
	// isWritten: the copy is made what the source is, with one write.
	isWritten effect = "written"
	// isKept: the copy stays as it was, and is not written.
	isKept effect = "kept"
	// isLeft: the copy stays as somebody else has made it, and is not written.
	isLeft effect = "left"
	// isDeleted: the copy is deleted.
	isDeleted effect = "deleted"
	// isNothing: nothing is written at all, not even the status.
	isNothing effect = "nothing"
	// isImpossible: it cannot happen, and there is no test of it.
	isImpossible effect = "-"
)

// outcome is what a cell of the matrix says.
type outcome struct {
	effect effect
	// reason is why the RoomSecret is not Ready afterwards; empty when it is, or is gone.
	reason roomv1alpha1.Reason
}

// String returns the outcome as the page has it.
func (o outcome) String() string {
	if o.reason == "" {
		return string(o.effect)
	}
	return string(o.effect) + ", `" + string(o.reason) + "`"
}

func written() outcome                              { return outcome{effect: isWritten} }
func kept() outcome                                 { return outcome{effect: isKept} }
func left() outcome                                 { return outcome{effect: isLeft} }
func deleted() outcome                              { return outcome{effect: isDeleted} }
func nothing() outcome                              { return outcome{effect: isNothing} }
func impossible() outcome                           { return outcome{effect: isImpossible} }
func (o outcome) but(r roomv1alpha1.Reason) outcome { return outcome{o.effect, r} }
