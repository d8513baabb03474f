// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"log/slog"
	"time"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// unknownTool is the tool label of everything that is no call of a tool there is.
const unknownTool = "unknown"

// operation is one thing somebody asked the server to do.
type operation struct {
	who   participant
	id    uint64 // of the message
	tool  string
	began time.Time
	about about
}

// about is what an operation turned out to be about. Whoever carries it out fills in what it learns.
type about struct {
	row     store.Key
	request string // id of a request for somebody's answer
	asked   string // identity of whoever is to answer
}

// audit writes down operations: names and outcomes, never values, and of a URL asked for only the id that the
// answer is stored under.
type audit struct{ log *slog.Logger }

func (a *audit) write(ctx context.Context, op *operation, code protocol.Code, took time.Duration) {
	if !a.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attributes := []slog.Attr{
		slog.String("room", op.who.room), slog.String("identity", op.who.identity),
		slog.String("participant", op.who.id), slog.String("tool", op.tool),
	}
	attributes = op.about.append(attributes, op.who.identity)
	a.log.LogAttrs(ctx, slog.LevelInfo, "operation", append(attributes, outcome(code), slog.Duration("duration", took))...)
}

func (a about) append(to []slog.Attr, caller string) []slog.Attr {
	for _, detail := range [...]struct{ key, value string }{
		{"id", a.row.ID}, {"delegated_to", a.row.DelegatedTo}, {"owner", a.row.Owner},
		{"request", a.request}, {"asked", a.asked},
	} {
		if detail.value != "" && (detail.key != "owner" || detail.value != caller) {
			to = append(to, slog.String(detail.key, detail.value))
		}
	}
	return to
}

func outcome(code protocol.Code) slog.Attr {
	if code == 0 {
		return slog.String("outcome", "ok")
	}
	return slog.String("outcome", code.String())
}
