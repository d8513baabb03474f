// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

func TestAClusterRoomThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	const pattern = "must be a literal, or a prefix followed by one '*' at the end"
	with := func(member string) *unstructured.Unstructured { return clusterRoom(clusterAuth, anyAccess, member) }
	rule := func(members string) *unstructured.Unstructured {
		return clusterRoom(clusterAuth, "access: [{"+everybody+", operations: [Read], "+members+"}]")
	}
	dotted := clusterRoom(clusterAuth, anyAccess)
	dotted.SetName("support.eu")
	checkRefused(t, map[string]refusal{
		"an endpoint with a user":                       {with("endpoint: 'wss://user@rooms.example.com'"), []string{"spec.endpoint", endpointForm}},
		"a room name in capitals":                       {with("roomName: Support"), []string{"spec.roomName", "must consist of lower-case letters, digits and '-'"}},
		"a name that is no room name, without roomName": {dotted, []string{"metadata.name is not a valid room name: set spec.roomName"}},
		"a participant with a space":                    {with("participantName: 'a b'"), []string{"spec.participantName", identityForm}},
		"a poll interval below a second":                {with("pollInterval: 999ms"), []string{"spec.pollInterval", "must be at least 1s"}},
		"a poll interval beyond a day":                  {with("pollInterval: 25h"), []string{"spec.pollInterval", "must be at most 24h"}},
		"a poll interval in days":                       {with("pollInterval: 1d"), []string{"spec.pollInterval", aDuration}},
		"a bad pattern of an id":                        {rule("ids: ['a*b']"), []string{"spec.access[0].ids[0]", pattern}},
		"a bad pattern of an identity":                  {rule("ids: [a], identities: ['*a']"), []string{"spec.access[0].identities[0]", pattern}},
	})
}

func TestAClusterRoomForSomeIdentitiesIsAccepted(t *testing.T) {
	t.Parallel()
	object := clusterRoom(clusterAuth, "participantName: robot", "access: [{"+everybody+", ids: ['*'], identities: ['agent-*'], operations: [Read]}]")
	if err := create(t, object, false); err != nil {
		t.Fatal(err)
	}
	patch := client.RawPatch("application/merge-patch+json", []byte(`{"spec":{"pollInterval":"5m"}}`))
	if err := newClient(t).Patch(t.Context(), object, patch); err != nil {
		t.Fatal(err)
	}
	seen.acceptance(object, true)
}

func TestATargetOfATypeHasItsKeys(t *testing.T) {
	t.Parallel()
	of := func(secretType, keys string) *unstructured.Unstructured {
		return pull("entries: ["+keys+"]", "target: {type: "+secretType+"}")
	}
	checkRefused(t, map[string]refusal{
		"tls without the certificate":     {of("kubernetes.io/tls", "{key: tls.key, id: a}"), []string{"spec.pull", "needs tls.crt and tls.key: add entries or templates for them"}},
		"a registry without its settings": {of("kubernetes.io/dockerconfigjson", "{key: a, id: a}"), []string{"spec.pull", "needs .dockerconfigjson: add entries or templates for them"}},
		"basic auth with neither":         {of("kubernetes.io/basic-auth", "{key: a, id: a}"), []string{"spec.pull", "needs username or password: add entries or templates for them"}},
		"ssh without the key":             {of("kubernetes.io/ssh-auth", "{key: a, id: a}"), []string{"spec.pull", "needs ssh-privatekey: add entries or templates for them"}},
	})
	for name, object := range map[string]*unstructured.Unstructured{
		"tls":                         of("kubernetes.io/tls", "{key: tls.crt, id: a}, {key: tls.key, id: b}"),
		"a registry":                  of("kubernetes.io/dockerconfigjson", "{key: .dockerconfigjson, id: a}"),
		"basic auth with a user only": of("kubernetes.io/basic-auth", "{key: username, id: a}"),
		"basic auth with a password":  of("kubernetes.io/basic-auth", "{key: password, id: a}"),
		"ssh":                         of("kubernetes.io/ssh-auth", "{key: ssh-privatekey, id: a}, {key: more, id: b}"),
		"the type of anything":        of("Opaque", "{key: a, id: a}"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := create(t, object, true); err != nil {
				t.Error(err)
			}
		})
	}
}
