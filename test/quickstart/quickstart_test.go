// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"testing"
)

func TestTheQuickstart(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	page := read(t, "docs/quickstart.md",
		"rooms-roomsecret-operator-roomserver.roomsecret-system.svc:7345", r.address,
		"127.0.0.1:7345", r.address)
	follow(t, r.shell, page,
		standIn{line: "make build images", do: nothing}, // done before the tests, without images
		standIn{line: "for image in roomsecret-operator", do: nothing},
		standIn{line: "kubectl -n roomsecret-system rollout status --timeout=2m deployment/", do: func() {
			r.startRoomServer("rooms-roomsecret-operator-roomserver")
			r.startManager("rooms-roomsecret-operator", "rooms-roomsecret-operator")
		}},
		standIn{line: "kubectl -n roomsecret-system port-forward", do: nothing}, // there is a way already
	)
}

func TestTheReadme(t *testing.T) {
	t.Parallel()
	r := newReader(t)
	r.startRoomServer("")
	follow(t, r.shell, read(t, "README.md"),
		standIn{line: "make demo ", do: nothing}, // both are tested by themselves
		standIn{line: "helm install rooms", before: true, do: func() {
			r.shell.run("kubectl delete -k config/default") // what the page has just told is another way to get the same
		}},
		standIn{line: "kubectl create secret generic room-credential", before: true, do: func() {
			r.startManager("rooms-roomsecret-operator", "rooms-roomsecret-operator")
		}},
	)
}

func nothing() {}
