// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"github.com/onsi/gomega"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// event is a column of the matrix, by its name on the page.
type event string

const (
	roomValueChanged    event = "room value changed"
	roomRowDeleted      event = "room row deleted"
	roomMetadataChanged event = "room metadata changed"
	sourceEdited        event = "source edited"
	sourceDeleted       event = "source deleted"
	targetEdited        event = "target edited"
	targetDeleted       event = "target deleted"
	roomUnreachable     event = "room unreachable"
	roomObjectGone      event = "Room object gone"
	roomSecretDeleted   event = "RoomSecret deleted"
	operatorRestarted   event = "operator restarted"
)

// column says how an event is brought about.
type column struct {
	event event
	// only is the direction in which it can happen; empty for both.
	only roomv1alpha1.Direction
	// happens does to the world of a cell what the event is.
	happens func(*world)
}

// columns returns the columns in the order of the page. A push has a Secret as its source and a pull has one as its target;
// the other end is the room.
func columns() []column {
	return []column{
		{roomValueChanged, "", func(w *world) { w.changeRow(func(row *store.Row) { row.Value = redact.Bytes("third value") }) }},
		{roomRowDeleted, "", (*world).dropRow},
		{roomMetadataChanged, "", func(w *world) { w.changeRow(func(row *store.Row) { row.Type, row.Name = "text/html", "Another name" }) }},
		{sourceEdited, roomv1alpha1.DirectionPush, func(w *world) { w.editSecret("second value") }},
		{sourceDeleted, roomv1alpha1.DirectionPush, (*world).deleteSecret},
		{targetEdited, roomv1alpha1.DirectionPull, func(w *world) { w.editSecret("third value") }},
		{targetDeleted, roomv1alpha1.DirectionPull, (*world).deleteSecret},
		{roomUnreachable, "", func(w *world) { w.Expect(w.arrive()).To(gomega.Succeed()) }},
		{roomObjectGone, "", func(w *world) { w.remove(w.room) }},
		{roomSecretDeleted, "", func(w *world) { w.remove(w.rs) }},
		{operatorRestarted, "", func(w *world) {
			w.Expect(w.arrive()).To(gomega.Succeed())
			w.readAgain()
		}},
	}
}

// appliesTo reports whether the event can happen in a direction.
func (c column) appliesTo(direction roomv1alpha1.Direction) bool {
	return c.only == "" || c.only == direction
}
