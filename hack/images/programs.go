// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
)

// program is something an image is made of.
type program struct {
	name        string // of the executable
	pkg         string // in this repository
	image       string // name of the image, without registry and tag
	title       string
	description string
	directories []string // that the program may write to
}

// nobody is the user and group that the programs run as. It has no name and no rights: the number is the one that
// others who ship images without a distribution have made the custom.
const nobody = 65532

// shipped are the images for users.
func shipped() []program {
	return []program{
		{
			name: "manager", pkg: "./cmd/manager", image: "roomsecret-operator", title: "RoomSecret operator",
			description: "Keeps Kubernetes Secrets and the secrets of rooms in step",
		},
		{
			name: "roomserver", pkg: "./cmd/roomserver", image: "roomsecret-roomserver", title: "Room server",
			description: "A self-hosted room server that keeps room secrets", directories: []string{"data"},
		},
	}
}

// known are all images, those for tests as well.
func known() []program {
	return append(shipped(), program{
		name: "pod", pkg: "./test/node/pod", image: "pod", title: "Pod for tests",
		description: "Waits to be ended, and shows what it was given",
	})
}

// choose returns the programs of these names; without any, those that are shipped.
func choose(names []string) ([]program, error) {
	if len(names) == 0 {
		return shipped(), nil
	}
	chosen := make([]program, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(known(), func(p program) bool { return p.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no program %q", name)
		}
		chosen = append(chosen, known()[i])
	}
	return chosen, nil
}

// reference is the name an image has on the machine where it was made, before it is copied to a registry.
func (p program) reference(tag string) string { return "localhost/" + p.image + ":" + tag }
