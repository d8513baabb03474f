// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"context"
	"encoding/hex"
	"net"
	"strings"
	"sync"
	"testing"

	. "github.com/onsi/gomega"
	collectorv1 "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/prototext"
)

// collector is an OpenTelemetry collector that keeps what it gets.
type collector struct {
	collectorv1.UnimplementedTraceServiceServer

	mu    sync.Mutex
	spans []*tracev1.Span
	text  strings.Builder
}

// collect starts a collector and returns it and its address.
func collect() (*collector, string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	c, server := &collector{}, grpc.NewServer()
	collectorv1.RegisterTraceServiceServer(server, c)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	stopped = append(stopped, func() error { // after the programs, which send what they have when they end
		server.Stop()
		return <-served
	})
	return c, listener.Addr().String(), nil
}

// Export implements the collector's side of OTLP.
func (c *collector) Export(_ context.Context, request *collectorv1.ExportTraceServiceRequest) (*collectorv1.ExportTraceServiceResponse, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.WriteString(prototext.Format(request))
	for _, resource := range request.GetResourceSpans() {
		for _, scope := range resource.GetScopeSpans() {
			c.spans = append(c.spans, scope.GetSpans()...)
		}
	}
	return &collectorv1.ExportTraceServiceResponse{}, nil
}

func (c *collector) printed() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.text.String()
}

// trace is one trace: the root span with its attributes, and the names of its children.
type trace struct {
	id         string
	root       string
	attributes map[string]string
	children   []string
}

// traces returns the traces whose root has come.
func (c *collector) traces() []trace {
	c.mu.Lock()
	defer c.mu.Unlock()
	var traces []trace
	for _, root := range c.spans {
		if len(root.GetParentSpanId()) > 0 {
			continue
		}
		t := trace{id: hex.EncodeToString(root.GetTraceId()), root: root.GetName(), attributes: map[string]string{}}
		for _, a := range root.GetAttributes() {
			t.attributes[a.GetKey()] = a.GetValue().GetStringValue()
		}
		for _, span := range c.spans {
			if string(span.GetParentSpanId()) == string(root.GetSpanId()) {
				t.children = append(t.children, span.GetName())
			}
		}
		traces = append(traces, t)
	}
	return traces
}

// TestAReconcileIsOneTraceThroughTheRoomAndTheAPIServer follows a change: the operator's span has a child for each request, and the room
// server knows the trace that it is part of.
func TestAReconcileIsOneTraceThroughTheRoomAndTheAPIServer(t *testing.T) {
	w, g := theRunning(t), NewWithT(t)
	w.work(t)
	followed := func(name, child, tool string) func(g Gomega) {
		return func(g Gomega) {
			var found []trace
			for _, trace := range w.traces.traces() {
				if trace.attributes["roomsecret.name"] == name && trace.attributes["roomsecret.result"] == "changed" {
					found = append(found, trace)
				}
			}
			g.Expect(found).NotTo(BeEmpty())
			last := found[len(found)-1]
			g.Expect(last.root).To(Equal("reconcile RoomSecret"))
			g.Expect(last.children).To(ContainElements(child, "HTTP PATCH"))
			g.Expect(last.attributes).To(And(
				HaveKeyWithValue("k8s.namespace.name", team), HaveKeyWithValue("roomsecret.reason", "InSync"),
				HaveKeyWithValue("roomsecret.room", ContainSubstring("support"))))
			g.Expect(w.log("roomserver")).To(MatchRegexp(`tool=%s .*trace=%s `, tool, last.id))
		}
	}
	g.Eventually(followed("push", "room set", "set_secret")).Should(Succeed())
	g.Eventually(followed("pull", "room get", "get_secret")).Should(Succeed())
}
