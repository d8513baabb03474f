// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestWhatMakesSenseIsKeptAsItWasSent stores objects at the edges of what is allowed. The largest of them prove that
// the rules stay within the cost that the API server grants them. What comes back is what was sent, and the defaults of
// the schema; an item of a list never has any, so that a repository and the cluster agree.
func TestWhatMakesSenseIsKeptAsItWasSent(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		object *unstructured.Unstructured
		// defaults are the members of spec that were not sent.
		defaults map[string]any
	}{
		"a room that says only what it must": {
			room(auth), map[string]any{"endpoint": "wss://api.meshagent.com", "pollInterval": "1m"},
		},
		"a room that says everything": {object: room(
			"auth: {tokenSecretRef: {name: "+long(253)+", key: "+long(253)+"}}",
			"endpoint: 'https://[::1]:7345/some/path'", "roomName: "+long(63), "participantName: "+long(128), "pollInterval: 1h30m0.5s",
			"tls: {serverName: rooms.example.com, caSecretRef: {name: ca, key: ca.crt}, clientCertSecretRef: {name: "+long(253)+"}}",
			"limits: {requestsPerSecond: 10, burst: 20, maxInFlight: 8, requestTimeout: 1m0.5s}",
			"access: "+list(64, "{operations: [Read, Write, Delete, Delegate], ids: ['"+long(180)+"%d*'], identities: ['*']}"),
		)},
		"the shortest poll interval": {
			room(auth, "endpoint: ws://127.0.0.1:7345", "pollInterval: 1000ms"), nil,
		},
		"the longest poll interval": {
			room(auth, "endpoint: http://localhost", "pollInterval: 24h"), nil,
		},
		"a cluster's room that says only what it must": {
			clusterRoom(clusterAuth, anyAccess), map[string]any{"endpoint": "wss://api.meshagent.com", "pollInterval": "1m"},
		},
		"a cluster's room that says everything": {object: clusterRoom(
			"auth: {tokenSecretRef: {namespace: "+long(63)+", name: a, key: b}}",
			"endpoint: wss://rooms.example.com", "pollInterval: 30s",
			"tls: {caSecretRef: {namespace: rooms, name: ca, key: ca.crt}, clientCertSecretRef: {namespace: rooms, name: a}}",
			"limits: {maxInFlight: 1}",
			"access: "+list(64, "{namespaces: {names: ["+long(60)+"%d, 'team-*']}, ids: ['{namespace}/*'], operations: [Read]}"),
		)},
		"a room that the service gives tickets for": {
			object: room(auth, "endpoint: wss://rooms.example.com", "pollInterval: 30s", "tokenSource: Connect", "tls: {caConfigMapRef: {name: "+long(253)+", key: "+long(253)+"}}"),
		},
		"a cluster's room that the service gives tickets for": {
			object: clusterRoom(clusterAuth, anyAccess, "endpoint: wss://rooms.example.com", "pollInterval: 30s", "tokenSource: Connect",
				"tls: {caConfigMapRef: {namespace: "+long(63)+", name: a, key: b}}"),
		},
		"a push of all keys": {
			push("allKeys: {}"),
			map[string]any{"push": map[string]any{"conflictPolicy": "Fail", "driftPolicy": "Correct", "deletionPolicy": "Retain", "onSourceDeleted": "Keep"}},
		},
		"an entry that says only what it must": {
			pushEntry("name: a, key: k"),
			map[string]any{"push": map[string]any{"conflictPolicy": "Fail", "driftPolicy": "Correct", "deletionPolicy": "Retain", "onSourceDeleted": "Keep"}},
		},
		"a push that says everything": {object: roomSecret("roomRef: {kind: ClusterRoom, name: "+long(253)+"}",
			"push: {secretRef: {name: "+long(253)+"}, conflictPolicy: Adopt, driftPolicy: Report, deletionPolicy: Delete, onSourceDeleted: Delete, allKeys: {idPrefix: "+long(64)+", type: text/plain}, "+
				"entries: "+list(64, "{name: "+long(126)+"%02d, key: "+long(253)+", id: "+long(126)+"%[1]d, displayName: '"+strings.Repeat("ü", 256)+"', type: "+long(127)+
				", forIdentity: "+long(128)+", delegatedOnly: true, delegations: "+escape(list(16, "{to: "+long(126)+"%d}"))+"}")+"}")},
		"a template": {
			push("conflictPolicy: Skip", "driftPolicy: Ignore", "onSourceDeleted: Keep", "deletionPolicy: Retain", "entries: [{name: a, template: '{{ .user }}'}]"), nil,
		},
		"one id for several identities": {
			push("conflictPolicy: Skip", "driftPolicy: Ignore", "onSourceDeleted: Keep", "deletionPolicy: Retain",
				"entries: [{name: a, key: k}, {name: b, key: k, id: a, forIdentity: bob}, {name: c, key: k, id: a, forIdentity: eve}]"), nil,
		},
		"a provide that says only what it must":           {object: provide("secrets: [{" + oneSecret + "}]")},
		"a provide of tokens that says only what it must": {object: provide("oauth: [{" + oneToken + "}]")},
		"a provide that says everything": {object: provide(
			"onUnmatched: Ignore",
			"secrets: "+list(64, "{url: 'secret://"+long(400)+"%d*', type: "+long(127)+", secretKeyRef: {name: "+long(253)+", key: "+long(253)+"}, "+
				"askers: "+escape(list(64, "'{namespace}-"+long(30)+"%d*'"))+", delegateTo: "+escape(list(64, long(30)+"%d"))+"}"),
			"oauth: "+list(16, "{authorizationEndpoint: 'https://provider.example.com:8443/"+long(400)+"%d*', clientIDs: "+escape(list(32, long(30)+"%d"))+", "+
				"scopes: "+escape(list(64, long(30)+"%d"))+", askers: "+escape(list(64, long(30)+"%d*"))+", delegateTo: "+escape(list(64, long(30)+"%d"))+", "+
				"approvers: {emails: "+escape(list(64, long(30)+"%d@example.com"))+", groups: "+escape(list(64, long(30)+"%d"))+"}}"),
		)},
		"tokens of a provider on this machine": {object: provide(
			"oauth: [{authorizationEndpoint: 'http://localhost:8080/*', clientIDs: [a]}, {authorizationEndpoint: 'http://[::1]/a', clientIDs: [a]}, {authorizationEndpoint: 'http://127.0.0.1/a', clientIDs: [a]}]",
		)},
		"ids with every letter that they may have": {
			push("conflictPolicy: Skip", "driftPolicy: Ignore", "onSourceDeleted: Keep", "deletionPolicy: Retain", "entries: [{name: Az09._/-, key: k}]"), nil,
		},
		"a pull that says only what it must": {object: pull(onePull)},
		"a pull with a target that has a name": {
			pull(onePull, "target: {name: app.example}"),
			map[string]any{"pull": map[string]any{"target": map[string]any{"creationPolicy": "Owner"}}},
		},
		"a pull that restarts workloads":    {object: pull(onePull, "restart: [{kind: Deployment, name: "+long(253)+"}, {kind: StatefulSet, name: a}, {kind: DaemonSet, name: a.b}]")},
		"a pull that takes its target over": {pull(onePull, "target: {creationPolicy: Orphan, adopt: true, immutable: true, annotations: {example.com/roomsecrets.io: a}}"), nil},
		"a pull that merges and takes nothing over": {
			pull(onePull, "target: {creationPolicy: Merge, adopt: false, immutable: false}"), nil,
		},
		"a pull that says everything": {object: pull(
			"target: {name: "+long(253)+", creationPolicy: Merge, labels: {"+members(64)+"}, annotations: {"+members(64)+"}}", "deletionPolicy: Retain",
			"entries: "+list(256, "{key: "+long(249)+"%04d, id: "+long(124)+"%[1]d, forIdentity: "+long(128)+", delegatedTo: "+long(128)+", onMissing: Remove}"),
		)},
		"a tls target whose keys a template makes": {
			pull(onePull, "target: {type: kubernetes.io/tls}", "template: {data: {tls.crt: x, tls.key: z}}"),
			map[string]any{"pull": map[string]any{"target": map[string]any{"creationPolicy": "Owner"}}},
		},
		"a tls target whose keys a template makes of others": {
			pull("find: [{idPrefix: a}]", "target: {type: kubernetes.io/tls}", "template: {mergePolicy: Replace, data: {tls.crt: x, tls.key: z}}"),
			map[string]any{"pull": map[string]any{"target": map[string]any{"creationPolicy": "Owner"}}},
		},
		"a tls target half of entries and half of a template": {
			pull("entries: [{key: tls.crt, id: a}]", "target: {type: kubernetes.io/tls}", "template: {data: {tls.key: z}}"),
			map[string]any{"pull": map[string]any{"target": map[string]any{"creationPolicy": "Owner"}}},
		},
		"a tls target whose keys are extracted": {
			pull("entries: [{key: pair, id: a, extract: JSON}]", "target: {type: kubernetes.io/tls}"),
			map[string]any{"pull": map[string]any{"target": map[string]any{"creationPolicy": "Owner"}}},
		},
		"sources of every kind": {object: pull(
			"find: "+list(16, "{idPrefix: "+long(125)+"%d, type: "+long(127)+", stripPrefix: true}"),
			"entries: "+list(256, "{key: "+long(249)+"%04d, match: {type: "+long(127)+", name: "+long(256)+"}, extract: Dotenv, decode: Base64}"),
			"template: {mergePolicy: Replace, data: {"+members(64)+"}}",
		)},
		"requests of every kind": {object: pull(
			"template: {mergePolicy: Merge, data: {"+members(64)+"}}",
			"entries: "+list(256, "{key: "+long(249)+"%04d, decode: Base64, extract: JSON, request: {url: "+long(512)+", type: "+long(127)+
				", from: {name: "+long(128)+"}, delegateTo: "+long(128)+", timeout: 1h, deletionPolicy: Delete}}"),
		)},
		"a request by the id of a participant": {object: pull("entries: [{key: A, request: {url: 'https://example.com/?a=b#c', timeout: 1000ms, from: {id: " + long(128) + "}}}]")},
		"a deletion that a template leaves alone": {
			object: pull("entries: [{key: A, request: {url: a, deletionPolicy: Delete, from: {name: bob}}}]", "template: {mergePolicy: Merge, data: {B: x}}"),
		},
		"tokens that say everything": {object: pull(
			"entries: " + list(256, "{key: "+long(249)+"%04d, oauth: {clientID: "+long(256)+", clientSecretRef: {name: a, key: b}, authorizationEndpoint: 'https://"+long(500)+
				"', tokenEndpoint: 'http://localhost:5556/token?a=b', scopes: ["+long(256)+"], pkce: None, redirectURI: 'http://[::1]/cb', from: {name: "+long(128)+
				"}, delegateTo: "+long(128)+", delegatedBy: "+long(128)+", timeout: 1h, format: Header}}"),
		)},
		"a token of a connector": {object: pull(
			"entries: [{key: A, oauth: {connector: {openAIConnectorID: " + long(256) + ", serverURL: " + long(512) + ", clientSecretID: a/b}, from: {id: x}, timeout: 1s, pkce: S256, format: Token}}]",
		)},
		"a key that begins with a dot": {object: pull("entries: [{key: .env, id: env}]")},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want := spec(t, c.object)
			merge(want, c.defaults)
			if err := create(t, c.object, false); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, spec(t, c.object)); diff != "" {
				t.Errorf("the spec that is stored differs from the one sent (-want +got):\n%s", diff)
			}
			wantStatus := map[string]any{"observedGeneration": int64(-1)}
			if diff := cmp.Diff(wantStatus, c.object.Object["status"]); diff != "" {
				t.Errorf("status (-want +got):\n%s", diff)
			}
		})
	}
}

// escape makes a text safe to be part of a format.
func escape(text string) string { return strings.ReplaceAll(text, "%", "%%") }

func spec(t *testing.T, object *unstructured.Unstructured) map[string]any {
	t.Helper()
	content, found, err := unstructured.NestedMap(object.Object, "spec")
	if err != nil || !found {
		t.Fatalf("no spec: %v", err)
	}
	return content
}

// merge adds what is in from to what is in into.
func merge(into, from map[string]any) {
	for name, value := range from {
		inner, isMap := into[name].(map[string]any)
		if !isMap {
			into[name] = value
			continue
		}
		merge(inner, value.(map[string]any))
	}
}

func TestWhatCannotBeChangedIsSaid(t *testing.T) {
	t.Parallel()
	const another = "cannot be changed: create another object for another room"
	const anotherRoom = "spec.roomRef cannot be changed: create another RoomSecret for another room"
	const direction = "a RoomSecret cannot change its direction: create another RoomSecret"
	const merging = "spec.pull.target.creationPolicy cannot change to or from Merge: create another RoomSecret"
	const named = "roomName: support"
	cases := map[string]struct {
		object *unstructured.Unstructured
		patch  string
		// want is what the refusal says; empty when the change is allowed.
		want string
	}{
		"the endpoint of a room":                  {room(auth), `{"spec":{"endpoint":"wss://rooms.example.com"}}`, "spec.endpoint " + another},
		"the endpoint of a room, back to default": {room(auth, "endpoint: wss://rooms.example.com"), `{"spec":{"endpoint":null}}`, "spec.endpoint " + another},
		"the name of a room":                      {room(auth, named), `{"spec":{"roomName":"sales"}}`, "spec.roomName " + another},
		"a name for a room that had none":         {room(auth), `{"spec":{"roomName":"sales"}}`, "spec.roomName " + another},
		"no name for a room that had one":         {room(auth, named), `{"spec":{"roomName":null}}`, "spec.roomName " + another},
		"the endpoint of a cluster's room":        {clusterRoom(clusterAuth, anyAccess), `{"spec":{"endpoint":"wss://rooms.example.com"}}`, "spec.endpoint " + another},
		"the name of a cluster's room":            {clusterRoom(clusterAuth, anyAccess, named), `{"spec":{"roomName":"sales"}}`, "spec.roomName " + another},
		"the room of a push":                      {push("allKeys: {}"), `{"spec":{"roomRef":{"name":"sales"}}}`, anotherRoom},
		"the kind of room of a push":              {push("allKeys: {}"), `{"spec":{"roomRef":{"kind":"ClusterRoom"}}}`, anotherRoom},
		"push to pull":                            {push("allKeys: {}"), `{"spec":{"push":null,"pull":{"entries":[{"key":"a","id":"a"}]}}}`, direction},
		"an owned target to a merged one":         {pull(onePull), `{"spec":{"pull":{"target":{"creationPolicy":"Merge"}}}}`, merging},
		"a merged target to an owned one":         {pull(onePull, "target: {creationPolicy: Merge}"), `{"spec":{"pull":{"target":{"creationPolicy":"Owner"}}}}`, merging},
		"an owned target to an orphan":            {pull(onePull), `{"spec":{"pull":{"target":{"creationPolicy":"Orphan"}}}}`, ""},
		"pull to push":                            {pull(onePull), `{"spec":{"pull":null,"push":{"secretRef":{"name":"a"},"allKeys":{}}}}`, direction},

		"the default kind of room, in full": {push("allKeys: {}"), `{"spec":{"roomRef":{"kind":"Room"}}}`, ""},
		"the credential of a room":          {room(auth), `{"spec":{"auth":{"apiKeySecretRef":null,"tokenSecretRef":{"name":"a","key":"b"}}}}`, ""},
		"the identity of a room":            {room(auth), `{"spec":{"participantName":"robot"}}`, ""},
		"the entries of a push":             {pushEntry("name: a, key: k"), `{"spec":{"push":{"entries":[{"name":"b","key":"k"}]}}}`, ""},
		"the source of a push":              {push("allKeys: {}"), `{"spec":{"push":{"secretRef":{"name":"another"}}}}`, ""},
		"the target of a pull":              {pull(onePull), `{"spec":{"pull":{"target":{"name":"another"}}}}`, ""},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := create(t, c.object, false); err != nil {
				t.Fatal(err)
			}
			err := newClient(t).Patch(t.Context(), c.object, client.RawPatch("application/merge-patch+json", []byte(c.patch)))
			if c.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				seen.acceptance(c.object, true)
				return
			}
			checkMessage(t, err, []string{c.want})
		})
	}
}

func TestStatusKeepsTheLargestLedger(t *testing.T) {
	t.Parallel()
	object := push("allKeys: {}")
	if err := create(t, object, false); err != nil {
		t.Fatal(err)
	}
	update := func(n int) error {
		entries := make([]any, n)
		for i := range entries {
			entries[i] = map[string]any{
				"name": fmt.Sprintf("%s%d", long(300), i), "id": long(128), "identity": long(128), "delegatedTo": long(128), "state": "InSync",
				"reason": "InSync", "message": long(500), "origin": "Created", "digest": long(43), "seal": long(43), "lastChangeTime": "2026-11-24T00:00:00Z",
			}
		}
		object.Object["status"] = map[string]any{"observedGeneration": int64(1), "entries": entries}
		return newClient(t).Status().Update(t.Context(), object)
	}
	if err := update(512); err != nil {
		t.Error(err)
	}
	checkMessage(t, update(513), []string{"status.entries", "512"})
}
