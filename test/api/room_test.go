// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// refusal is an object that must not be stored, and what the answer must say: which field, and what would be right.
type refusal struct {
	object *unstructured.Unstructured
	want   []string
}

func checkRefused(t *testing.T, cases map[string]refusal) {
	t.Helper()
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checkMessage(t, create(t, c.object, true), c.want)
		})
	}
}

func checkMessage(t *testing.T, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Fatal("accepted")
	}
	seen.refusal(err, want)
	for _, part := range want {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("the message does not say %q: %v", part, err)
		}
	}
}

const (
	endpointForm = "must be a ws, wss, http or https URL without user, query or fragment, such as wss://api.meshagent.com"
	aDuration    = "must be a duration such as 30s or 5m"
)

func TestARoomThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	badEndpoint := func(endpoint string) refusal {
		return refusal{room(auth, "endpoint: '"+endpoint+"'"), []string{"spec.endpoint", endpointForm}}
	}
	badName := func(name string) refusal {
		return refusal{room(auth, "roomName: '"+name+"'"), []string{"spec.roomName", "must consist of lower-case letters, digits and '-', and start and end with a letter or digit"}}
	}
	dotted := room(auth)
	dotted.SetName("support.eu")
	checkRefused(t, map[string]refusal{
		"an endpoint with another scheme": badEndpoint("ftp://rooms.example.com"),
		"an endpoint without a scheme":    badEndpoint("rooms.example.com"),
		"an endpoint without a host":      badEndpoint("wss://"),
		"an endpoint with only a path":    badEndpoint("wss:///rooms"),
		"an endpoint with a user":         badEndpoint("wss://user:password@rooms.example.com"),
		"an endpoint with a query":        badEndpoint("wss://rooms.example.com/?token=x"),
		"an endpoint with a fragment":     badEndpoint("wss://rooms.example.com/#x"),
		"an endpoint with a space":        badEndpoint("wss://rooms. example.com"),
		"an empty endpoint":               badEndpoint(""),
		"an endpoint that is too long":    {room(auth, "endpoint: wss://"+long(507)), []string{"spec.endpoint", "512"}},

		"a room name in capitals":           badName("Support"),
		"a room name with a dot":            badName("support.eu"),
		"a room name that begins with dash": badName("-support"),
		"a room name that ends with a dash": badName("support-"),
		"an empty room name":                {room(auth, "roomName: ''"), []string{"spec.roomName", "at least 1 chars long"}},
		"a room name that is too long":      {room(auth, "roomName: "+long(64)), []string{"spec.roomName", "63"}},
		"a name that is no room name, without roomName": {dotted, []string{
			"metadata.name is not a valid room name: set spec.roomName",
		}},

		"a participant with a space":         {room(auth, "participantName: 'a b'"), []string{"spec.participantName", "must not contain spaces or '>'"}},
		"a participant with a '>'":           {room(auth, "participantName: 'a>b'"), []string{"spec.participantName", "must not contain spaces or '>'"}},
		"a participant without a name":       {room(auth, "participantName: ''"), []string{"spec.participantName", "at least 1 chars long"}},
		"a participant with too long a name": {room(auth, "participantName: "+long(129)), []string{"spec.participantName", "128"}},

		"a poll interval of nothing":       {room(auth, "pollInterval: 0s"), []string{"spec.pollInterval", "must be at least 1s"}},
		"a poll interval below a second":   {room(auth, "pollInterval: 999ms"), []string{"spec.pollInterval", "must be at least 1s"}},
		"a poll interval beyond a day":     {room(auth, "pollInterval: 24h1s"), []string{"spec.pollInterval", "must be at most 24h"}},
		"a negative poll interval":         {room(auth, "pollInterval: -1m"), []string{"spec.pollInterval", aDuration}},
		"a poll interval that is no time":  {room(auth, "pollInterval: soon"), []string{"spec.pollInterval", aDuration}},
		"a poll interval without a unit":   {room(auth, "pollInterval: '30'"), []string{"spec.pollInterval", aDuration}},
		"a poll interval in days":          {room(auth, "pollInterval: 1d"), []string{"spec.pollInterval", aDuration}},
		"a poll interval in words":         {room(auth, "pollInterval: 1 hour"), []string{"spec.pollInterval", aDuration}},
		"an empty poll interval":           {room(auth, "pollInterval: ''"), []string{"spec.pollInterval", aDuration}},
		"a poll interval beyond all times": {room(auth, "pollInterval: 9999999999999999999h"), []string{"spec.pollInterval"}},
		"too long a poll interval":         {room(auth, "pollInterval: "+strings.Repeat("1s", 17)), []string{"spec.pollInterval", "32"}},
		"a poll interval that is a number": {room(auth, "pollInterval: 30"), []string{"spec.pollInterval", "must be of type string"}},

		"an unknown member":                   {room(auth, "rooomName: support"), []string{`unknown field "spec.rooomName"`}},
		"an unknown member further down":      {room("auth: {apiKeySecretRef: {name: a, key: b, namespace: c}}"), []string{`unknown field "spec.auth.apiKeySecretRef.namespace"`}},
		"no spec":                             {withoutSpec("Room"), []string{"spec: Required value"}},
		"status that is not for users to set": {room(auth, "status: {}"), []string{`unknown field "spec.status"`}},
	})
}

func withoutSpec(kind string) *unstructured.Unstructured {
	object := parse(kind, "default", nil)
	unstructured.RemoveNestedField(object.Object, "spec")
	return object
}

func TestCredentialsAreExactlyOneAndComplete(t *testing.T) {
	t.Parallel()
	const one = "exactly one of apiKeySecretRef and tokenSecretRef must be set"
	key := func(members string) *unstructured.Unstructured {
		return room("auth: {apiKeySecretRef: {" + members + "}}")
	}
	both := "auth: {apiKeySecretRef: {name: a, key: b}, tokenSecretRef: {name: a, key: c}}"
	checkRefused(t, map[string]refusal{
		"no auth":                  {room("endpoint: wss://rooms.example.com"), []string{"spec.auth: Required value"}},
		"empty auth":               {room("auth: {}"), []string{"spec.auth", one}},
		"key and token":            {room(both), []string{"spec.auth", one}},
		"a key without a name":     {key("key: k"), []string{"spec.auth.apiKeySecretRef.name: Required value"}},
		"a key without a key":      {key("name: n"), []string{"spec.auth.apiKeySecretRef.key: Required value"}},
		"an empty name":            {key("name: '', key: k"), []string{"spec.auth.apiKeySecretRef.name", "at least 1 chars long"}},
		"an empty key":             {key("name: n, key: ''"), []string{"spec.auth.apiKeySecretRef.key", "at least 1 chars long"}},
		"too long a name":          {key("key: k, name: " + long(254)), []string{"spec.auth.apiKeySecretRef.name", "253"}},
		"too long a key":           {key("name: n, key: " + long(254)), []string{"spec.auth.apiKeySecretRef.key", "253"}},
		"a token without a key":    {room("auth: {tokenSecretRef: {name: n}}"), []string{"spec.auth.tokenSecretRef.key: Required value"}},
		"no auth for the cluster":  {clusterRoom("access: []"), []string{"spec.auth: Required value"}},
		"empty auth for a cluster": {clusterRoom("auth: {}", anyAccess), []string{"spec.auth", one}},
		"a cluster's key without a namespace": {
			clusterRoom(anyAccess, "auth: {apiKeySecretRef: {name: n, key: k}}"), []string{"spec.auth.apiKeySecretRef.namespace: Required value"},
		},
		"a cluster's key in an empty namespace": {
			clusterRoom("auth: {apiKeySecretRef: {namespace: '', name: n, key: k}}"), []string{"spec.auth.apiKeySecretRef.namespace", "at least 1 chars long"},
		},
		"a cluster's token in a namespace with too long a name": {
			clusterRoom("auth: {tokenSecretRef: {name: n, key: k, namespace: " + long(64) + "}}"), []string{"spec.auth.tokenSecretRef.namespace", "63"},
		},
	})
}

func TestTLSNeedsAnEncryptedEndpoint(t *testing.T) {
	t.Parallel()
	const needs = "spec.tls needs a wss or https endpoint"
	const tls, clusterTLS = "tls: {caSecretRef: {name: ca, key: ca.crt}}", "tls: {caSecretRef: {namespace: rooms, name: ca, key: ca.crt}}"
	checkRefused(t, map[string]refusal{
		"ws":                     {room(auth, tls, "endpoint: ws://rooms.example.com"), []string{"spec.tls", needs}},
		"http":                   {room(auth, tls, "endpoint: http://rooms.example.com"), []string{"spec.tls", needs}},
		"ws in a ClusterRoom":    {clusterRoom(clusterAuth, clusterTLS, anyAccess, "endpoint: ws://rooms.example.com"), []string{"spec.tls", needs}},
		"http in a ClusterRoom":  {clusterRoom(clusterAuth, clusterTLS, anyAccess, "endpoint: http://rooms.example.com"), []string{"spec.tls", needs}},
		"an empty server name":   {room(auth, "tls: {serverName: ''}"), []string{"spec.tls.serverName", "at least 1 chars long"}},
		"too long a server name": {room(auth, "tls: {serverName: "+long(254)+"}"), []string{"spec.tls.serverName", "253"}},
		"an authority without a key": {
			room(auth, "tls: {caSecretRef: {name: ca}}"), []string{"spec.tls.caSecretRef.key: Required value"},
		},
		"a cluster's authority without a namespace": {
			clusterRoom(clusterAuth, anyAccess, tls), []string{"spec.tls.caSecretRef.namespace: Required value"},
		},
	})
}

func TestAccessRulesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	const pattern = "must be a literal, or a prefix followed by one '*' at the end"
	const operations = `supported values: "Read", "Write", "Delete", "Delegate"`
	rule := func(members string) *unstructured.Unstructured { return room(auth, "access: [{"+members+"}]") }
	in := func(namespaces string) *unstructured.Unstructured {
		return clusterRoom(clusterAuth, "access: [{ids: ['*'], operations: [Read], namespaces: {"+namespaces+"}}]")
	}
	checkRefused(t, map[string]refusal{
		"too many rules":         {room(auth, "access: "+list(65, "{ids: ['%d'], operations: [Read]}")), []string{"spec.access", "64"}},
		"no ids":                 {rule("operations: [Read]"), []string{"spec.access[0].ids: Required value"}},
		"an empty list of ids":   {rule("operations: [Read], ids: []"), []string{"spec.access[0].ids", "at least 1 items"}},
		"too many ids":           {rule("operations: [Read], ids: " + list(65, "'%d'")), []string{"spec.access[0].ids", "64"}},
		"an id twice":            {rule("operations: [Read], ids: [a, a]"), []string{"spec.access[0].ids[1]: Duplicate value"}},
		"a star in the middle":   {rule("operations: [Read], ids: ['a*b']"), []string{"spec.access[0].ids[0]", pattern}},
		"two stars":              {rule("operations: [Read], ids: ['a**']"), []string{"spec.access[0].ids[0]", pattern}},
		"a pattern with a space": {rule("operations: [Read], ids: ['a b']"), []string{"spec.access[0].ids[0]", pattern}},
		"an empty pattern":       {rule("operations: [Read], ids: ['']"), []string{"spec.access[0].ids[0]", "at least 1 chars long"}},
		"too long a pattern":     {rule("operations: [Read], ids: [" + long(193) + "]"), []string{"spec.access[0].ids[0]", "192"}},

		"a bad identity":      {rule("operations: [Read], ids: [a], identities: ['*a']"), []string{"spec.access[0].identities[0]", pattern}},
		"too many identities": {rule("operations: [Read], ids: [a], identities: " + list(65, "'%d'")), []string{"spec.access[0].identities", "64"}},
		"an identity twice":   {rule("operations: [Read], ids: [a], identities: [a, a]"), []string{"spec.access[0].identities[1]: Duplicate value"}},

		"no operations":               {rule("ids: [a]"), []string{"spec.access[0].operations: Required value"}},
		"an empty list of operations": {rule("ids: [a], operations: []"), []string{"spec.access[0].operations", "at least 1 items"}},
		"an unknown operation":        {rule("ids: [a], operations: [Watch]"), []string{"spec.access[0].operations[0]", operations}},
		"an operation twice":          {rule("ids: [a], operations: [Read, Read]"), []string{"spec.access[0].operations[1]: Duplicate value"}},

		"a Room's rule with namespaces":      {rule("ids: [a], operations: [Read], " + everybody), []string{`unknown field "spec.access[0].namespaces"`}},
		"a ClusterRoom without rules":        {clusterRoom(clusterAuth), []string{"spec.access: Required value"}},
		"a ClusterRoom with no rule":         {clusterRoom(clusterAuth, "access: []"), []string{"spec.access", "at least 1 items"}},
		"a ClusterRoom with too many rules":  {clusterRoom(clusterAuth, "access: "+list(65, "{"+everybody+", ids: ['%d'], operations: [Read]}")), []string{"spec.access", "64"}},
		"a rule for no namespaces":           {clusterRoom(clusterAuth, "access: [{ids: ['*'], operations: [Read]}]"), []string{"spec.access[0].namespaces: Required value"}},
		"namespaces by neither":              {in(""), []string{"spec.access[0].namespaces", "exactly one of names and selector must be set"}},
		"namespaces by name and by selector": {in("names: [a], selector: {}"), []string{"spec.access[0].namespaces", "exactly one of names and selector must be set"}},
		"an empty list of namespaces":        {in("names: []"), []string{"spec.access[0].namespaces.names", "at least 1 items"}},
		"too many namespaces":                {in("names: " + list(257, "'%d'")), []string{"spec.access[0].namespaces.names", "256"}},
		"a namespace twice":                  {in("names: [a, a]"), []string{"spec.access[0].namespaces.names[1]: Duplicate value"}},
		"a bad pattern of a namespace":       {in("names: ['a*b']"), []string{"spec.access[0].namespaces.names[0]", pattern}},
		"a selector without a key":           {in("selector: {matchExpressions: [{operator: Exists}]}"), []string{"matchExpressions[0].key: Required value"}},
	})
}
