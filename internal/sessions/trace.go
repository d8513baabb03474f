// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// spanOf makes a span of a request to a room that is part of a trace; polls are part of none. It returns what to call when it has
// ended.
func spanOf(ctx context.Context, identity, operation string) (context.Context, func(error)) {
	parent := trace.SpanFromContext(ctx)
	if !parent.IsRecording() {
		return ctx, func(error) {}
	}
	tracer := parent.TracerProvider().Tracer("github.com/roomsecrets/roomsecret-operator/internal/sessions")
	ctx, span := tracer.Start(ctx, "room "+operation, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("roomsecret.identity", identity)))
	return ctx, func(err error) {
		if err != nil { // the text of it is for the log
			span.SetStatus(codes.Error, result(err))
		}
		span.End()
	}
}
