// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package tracing sends traces of what the operator does to an OpenTelemetry collector. Spans have names of objects, operations
// and outcomes, never a value or the text of an error.
package tracing

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// serviceName is what the operator is called where OTEL_SERVICE_NAME does not say otherwise.
const serviceName = "roomsecret-operator"

// Start returns a provider whose spans go to the collector at an endpoint, an http or https URL that speaks OTLP over gRPC. The
// other settings of the exporter, the sampler and the resource come from the environment variables that OpenTelemetry
// specifies. The caller calls stop last, which sends what has not been sent. Without an endpoint nothing is traced.
func Start(ctx context.Context, endpoint string) (provider trace.TracerProvider, stop func(context.Context) error, err error) {
	if endpoint == "" {
		return noop.NewTracerProvider(), func(context.Context) error { return nil }, nil
	}
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithEndpointURL(endpoint))
	if err != nil {
		return nil, nil, fmt.Errorf("send traces: %w", err)
	}
	described, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", serviceName)), resource.WithTelemetrySDK(), resource.WithFromEnv())
	if err != nil {
		return nil, nil, fmt.Errorf("describe where traces come from: %w", err)
	}
	sending := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter), sdktrace.WithResource(described))
	return sending, sending.Shutdown, nil
}

// Requests returns a wrapper of transports that makes a span of each HTTP request that is part of a trace. Watches, the lease and
// whatever else goes on by itself are not.
func Requests(provider trace.TracerProvider) func(http.RoundTripper) http.RoundTripper {
	return func(transport http.RoundTripper) http.RoundTripper {
		return otelhttp.NewTransport(transport,
			otelhttp.WithTracerProvider(provider), otelhttp.WithPropagators(propagation.TraceContext{}),
			otelhttp.WithFilter(func(r *http.Request) bool { return trace.SpanContextFromContext(r.Context()).IsValid() }))
	}
}
