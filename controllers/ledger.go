// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// ledger reads and writes the records in status.entries. The status can be edited by whoever has the right to, so a
// record counts only with a seal that nobody without the operator's key can make. A seal begins with what the record
// claims, so that an intent cannot be passed off as something that was confirmed.
type ledger struct {
	digests fingerprint.Key
	// uid of the RoomSecret, so that records cannot be moved to another.
	uid string
	// place is where the rows or keys are: the address of the room, or the name of the target.
	place string
}

const (
	sealConfirmed = "owned"
	sealIntent    = "intent"
)

func (l ledger) seal(name string, record plan.Record) string {
	claim := sealIntent
	if record.Confirmed {
		claim = sealConfirmed
	}
	parts := [][]byte{[]byte(claim), []byte(l.uid), []byte(l.place), []byte(name), []byte(record.Origin), []byte(record.Digest)}
	if ask := record.Asked; ask != (plan.Ask{}) {
		parts = append(parts, []byte(ask.Digest), []byte(ask.URL), []byte(ask.Type), []byte(ask.DelegatedTo), []byte(deletionOf(ask)))
	}
	return claim + "." + l.digests.Digest("seal", parts...)
}

// record returns the record in an entry, and false when it has none with a valid seal.
func (l ledger) record(name string, entry roomv1alpha1.EntryStatus) (plan.Record, bool) {
	record := plan.Record{
		Digest:    entry.Digest,
		Origin:    entry.Origin,
		Confirmed: strings.HasPrefix(entry.Seal, sealConfirmed+"."),
	}
	if asked := entry.Asked; asked != nil {
		record.Asked = plan.Ask{
			Digest: asked.Digest, URL: entry.ID, Type: asked.Type, DelegatedTo: entry.DelegatedTo,
			Delete: asked.DeletionPolicy == roomv1alpha1.DeletionDelete,
		}
	}
	return record, fingerprint.Equal(entry.Seal, l.seal(name, record))
}

// put writes a record into an entry; nil leaves it without.
func (l ledger) put(entry *roomv1alpha1.EntryStatus, name string, record *plan.Record) {
	entry.Origin, entry.Digest, entry.Seal, entry.Asked = "", "", "", nil
	if record == nil {
		return
	}
	entry.Origin, entry.Digest, entry.Seal = record.Origin, record.Digest, l.seal(name, *record)
	if ask := record.Asked; ask != (plan.Ask{}) {
		// What the spec asks for now may be something else.
		entry.ID, entry.DelegatedTo = ask.URL, ask.DelegatedTo
		entry.Asked = &roomv1alpha1.Asked{Digest: ask.Digest, Type: ask.Type, DeletionPolicy: deletionOf(ask)}
	}
}

// deletionOf returns what happens to an answer that the room keeps, when it is not asked for any more. It is empty for a token,
// which is left alone.
func deletionOf(ask plan.Ask) roomv1alpha1.DeletionPolicy {
	switch {
	case ask.Delete:
		return roomv1alpha1.DeletionDelete
	case ask.Type != "":
		return roomv1alpha1.DeletionRetain
	}
	return ""
}

// rowName is the name of a row in a seal; unlike the name in the status it always has the identity.
func rowName(row plan.Row) string { return row.Name("") }

// rows returns the valid records of a push.
func (l ledger) rows(entries []roomv1alpha1.EntryStatus) map[plan.Row]plan.Record {
	records := map[plan.Row]plan.Record{}
	for _, entry := range entries {
		row := entryRow(entry)
		if record, ok := l.record(rowName(row), entry); ok {
			records[row] = record
		}
	}
	return records
}

// keyName is the name of a key in a seal. It includes what gave the key together with others. Neither has a space in it.
func keyName(key, source string) string {
	if source == "" {
		return key
	}
	return key + " " + source
}

// keys returns the valid records of a pull.
func (l ledger) keys(entries []roomv1alpha1.EntryStatus) map[string]plan.Record {
	records := map[string]plan.Record{}
	for _, entry := range entries {
		if record, ok := l.record(keyName(entry.Name, entry.Entry), entry); ok {
			record.Source = entry.Entry
			records[entry.Name] = record
		}
	}
	return records
}

// putKey writes the record of a key into its entry, with what gave it; nil leaves it without.
func (l ledger) putKey(entry *roomv1alpha1.EntryStatus, record *plan.Record) {
	if record != nil {
		entry.Entry = record.Source
	}
	l.put(entry, keyName(entry.Name, entry.Entry), record)
}

func entryRow(entry roomv1alpha1.EntryStatus) plan.Row {
	return plan.Row{Identity: entry.Identity, ID: entry.ID, DelegatedTo: entry.DelegatedTo}
}
