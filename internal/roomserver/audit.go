// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

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
	trace   string // id of the trace that the caller says it is part of
}

// audit writes down operations: names and outcomes, never values, and of a URL asked for only the id that the
// answer is stored under.
type audit struct{ log *slog.Logger }

func (a *audit) write(ctx context.Context, op *operation, outcome string, took time.Duration) {
	if !a.log.Enabled(ctx, slog.LevelInfo) {
		return
	}
	attributes := make([]slog.Attr, 0, 13)
	for _, detail := range [...]struct{ key, value string }{
		{"room", op.who.room},
		{"identity", op.who.identity},
		{"participant", op.who.id},
		{"tool", op.tool},
		{"id", op.about.row.ID},
		{"delegated_to", op.about.row.DelegatedTo},
		{"owner", op.about.owner(op.who)},
		{"request", op.about.request},
		{"asked", op.about.asked},
		{"trace", op.about.trace},
		{"outcome", outcome},
	} {
		if detail.value != "" {
			attributes = append(attributes, slog.String(detail.key, detail.value))
		}
	}
	a.log.LogAttrs(ctx, slog.LevelInfo, "operation", append(attributes, slog.Duration("duration", took))...)
}

// traceOf returns the id of a trace, and nothing of what else a client may have put there.
func traceOf(ctx context.Context, fields map[string]string) string {
	if len(fields) == 0 {
		return ""
	}
	if of := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier(fields))); of.IsValid() {
		return of.TraceID().String()
	}
	return ""
}

// owner is whose secret it was about when that is somebody else's.
func (a about) owner(caller participant) string {
	if a.row.Owner == caller.identity {
		return ""
	}
	return a.row.Owner
}

const outcomeOK = "ok"

func outcomeOf(code protocol.Code) string {
	if code == 0 {
		return outcomeOK
	}
	return code.String()
}
