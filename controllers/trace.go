// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"k8s.io/apimachinery/pkg/api/meta"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

// traced makes a span of each reconcile. What is asked of the room and of the API server meanwhile are its children.
type traced struct {
	reconcile.Reconciler
	tracer trace.Tracer
	kind   string
}

func withSpans(r reconcile.Reconciler, o Options, kind string) reconcile.Reconciler {
	provider := o.Traces
	if provider == nil {
		provider = noop.NewTracerProvider()
	}
	return traced{r, provider.Tracer("github.com/roomsecrets/roomsecret-operator/controllers"), kind}
}

// Reconcile implements reconcile.Reconciler.
func (t traced) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	ctx, span := t.tracer.Start(ctx, "reconcile "+t.kind, trace.WithAttributes(
		attribute.String("k8s.namespace.name", req.Namespace), attribute.String("roomsecret.name", req.Name)))
	defer span.End()
	if span.IsRecording() {
		ctx = ctrl.LoggerInto(ctx, ctrl.LoggerFrom(ctx).WithValues("traceID", span.SpanContext().TraceID().String()))
	}
	result, err := t.Reconciler.Reconcile(ctx, req)
	if err != nil { // the text of it is for the log
		span.SetStatus(codes.Error, string(fault.From(err).Reason))
	}
	return result, err
}

// tellTrace says in the span of a reconcile how it ended.
func (s *scope) tellTrace(ctx context.Context, cause error) {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("roomsecret.direction", string(s.rs.Direction())),
		attribute.String("roomsecret.room", roomKeyOf(s.rs).String()),
		attribute.String("roomsecret.result", syncResult(s, cause)),
		attribute.Int("roomsecret.changes", s.changes),
	)
	if ready := meta.FindStatusCondition(s.rs.Status.Conditions, string(roomv1alpha1.ConditionReady)); ready != nil {
		span.SetAttributes(attribute.String("roomsecret.reason", ready.Reason))
	}
}
