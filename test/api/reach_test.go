// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// both makes an object of each kind of room, whose credential is an API key.
func both(members ...string) map[string]*unstructured.Unstructured {
	return map[string]*unstructured.Unstructured{
		"a Room":        room(append([]string{auth}, members...)...),
		"a ClusterRoom": clusterRoom(append([]string{clusterAuth, anyAccess}, members...)...),
	}
}

func checkBothRefused(t *testing.T, cases map[string]struct {
	members string
	want    []string
},
) {
	t.Helper()
	all := map[string]refusal{}
	for name, c := range cases {
		for kind, object := range both(c.members) {
			all[name+", in "+kind] = refusal{object, c.want}
		}
	}
	checkRefused(t, all)
}

func TestLimitsThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	checkBothRefused(t, map[string]struct {
		members string
		want    []string
	}{
		"no request a second":         {"limits: {requestsPerSecond: 0}", []string{"spec.limits.requestsPerSecond", "greater than or equal to 1"}},
		"too many requests a second":  {"limits: {requestsPerSecond: 10001}", []string{"spec.limits.requestsPerSecond", "less than or equal to 10000"}},
		"half a request a second":     {"limits: {requestsPerSecond: 0.5}", []string{"spec.limits.requestsPerSecond", "must be of type integer"}},
		"a burst of nothing":          {"limits: {requestsPerSecond: 1, burst: 0}", []string{"spec.limits.burst", "greater than or equal to 1"}},
		"too large a burst":           {"limits: {requestsPerSecond: 1, burst: 10001}", []string{"spec.limits.burst", "less than or equal to 10000"}},
		"a burst alone":               {"limits: {burst: 5}", []string{"spec.limits", "burst needs requestsPerSecond"}},
		"nothing in flight":           {"limits: {maxInFlight: 0}", []string{"spec.limits.maxInFlight", "greater than or equal to 1"}},
		"too much in flight":          {"limits: {maxInFlight: 257}", []string{"spec.limits.maxInFlight", "less than or equal to 256"}},
		"a timeout below a second":    {"limits: {requestTimeout: 999ms}", []string{"spec.limits.requestTimeout", "must be at least 1s"}},
		"a timeout beyond 10 minutes": {"limits: {requestTimeout: 11m}", []string{"spec.limits.requestTimeout", "must be at most 10m"}},
		"a timeout that is no time":   {"limits: {requestTimeout: soon}", []string{"spec.limits.requestTimeout", aDuration}},
	})
}

func TestTokenSourcesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	const needs = "spec.tokenSource needs auth.apiKeySecretRef"
	checkBothRefused(t, map[string]struct {
		members string
		want    []string
	}{
		"another token source": {"tokenSource: Guess", []string{"spec.tokenSource", `"Sign", "Connect"`}},
		"an identity of one's own, and Connect": {"tokenSource: Connect, participantName: robot", []string{
			"spec.participantName", "with tokenSource Connect the service says who the operator is: leave participantName out",
		}},
	})
	checkRefused(t, map[string]refusal{
		"Connect with a token":                  {room("auth: {tokenSecretRef: {name: a, key: b}}", "tokenSource: Connect"), []string{"spec.tokenSource", needs}},
		"Sign with a token":                     {room("auth: {tokenSecretRef: {name: a, key: b}}", "tokenSource: Sign"), []string{"spec.tokenSource", needs}},
		"Connect with a token in a ClusterRoom": {clusterRoom("auth: {tokenSecretRef: {namespace: x, name: a, key: b}}", anyAccess, "tokenSource: Connect"), []string{"spec.tokenSource", needs}},
	})
}

func TestCertificatesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	const one = "only one of caSecretRef and caConfigMapRef may be set"
	tls := func(members string) *unstructured.Unstructured { return room(auth, "tls: {"+members+"}") }
	clusterTLS := func(members string) *unstructured.Unstructured {
		return clusterRoom(clusterAuth, anyAccess, "tls: {"+members+"}")
	}
	checkRefused(t, map[string]refusal{
		"two authorities":                               {tls("caSecretRef: {name: a, key: b}, caConfigMapRef: {name: a, key: b}"), []string{"spec.tls", one}},
		"two authorities in a ClusterRoom":              {clusterTLS("caSecretRef: {namespace: x, name: a, key: b}, caConfigMapRef: {namespace: x, name: a, key: b}"), []string{"spec.tls", one}},
		"a ConfigMap without a key":                     {tls("caConfigMapRef: {name: a}"), []string{"spec.tls.caConfigMapRef.key: Required value"}},
		"a ConfigMap without a name":                    {tls("caConfigMapRef: {key: a}"), []string{"spec.tls.caConfigMapRef.name: Required value"}},
		"a ConfigMap of another namespace":              {tls("caConfigMapRef: {namespace: x, name: a, key: b}"), []string{`unknown field "spec.tls.caConfigMapRef.namespace"`}},
		"a cluster's ConfigMap without a namespace":     {clusterTLS("caConfigMapRef: {name: a, key: b}"), []string{"spec.tls.caConfigMapRef.namespace: Required value"}},
		"a certificate without a name":                  {tls("clientCertSecretRef: {}"), []string{"spec.tls.clientCertSecretRef.name: Required value"}},
		"a certificate with an empty name":              {tls("clientCertSecretRef: {name: ''}"), []string{"spec.tls.clientCertSecretRef.name", "at least 1 chars long"}},
		"a certificate of another namespace":            {tls("clientCertSecretRef: {namespace: x, name: a}"), []string{`unknown field "spec.tls.clientCertSecretRef.namespace"`}},
		"a cluster's certificate without a namespace":   {clusterTLS("clientCertSecretRef: {name: a}"), []string{"spec.tls.clientCertSecretRef.namespace: Required value"}},
		"a certificate for an endpoint that needs none": {room(auth, "endpoint: ws://localhost", "tls: {clientCertSecretRef: {name: a}}"), []string{"spec.tls", "spec.tls needs a wss or https endpoint"}},
	})
}

func TestWaysToReachARoomCanBeChanged(t *testing.T) {
	t.Parallel()
	for kind, object := range both(
		"tokenSource: Sign", "participantName: robot", "limits: {requestsPerSecond: 10000, burst: 10000, maxInFlight: 256, requestTimeout: 10m}",
	) {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			if err := create(t, object, false); err != nil {
				t.Fatal(err)
			}
			for _, change := range []string{
				`{"spec":{"tokenSource":"Connect","participantName":null}}`,
				`{"spec":{"limits":{"requestsPerSecond":1,"burst":null,"maxInFlight":1,"requestTimeout":"1s"}}}`,
				`{"spec":{"limits":null,"tokenSource":null}}`,
			} {
				if err := newClient(t).Patch(t.Context(), object, client.RawPatch("application/merge-patch+json", []byte(change))); err != nil {
					t.Fatalf("%s: %v", change, err)
				}
				seen.acceptance(object, true)
			}
		})
	}
}
