// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"k8s.io/apimachinery/pkg/watch"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// change is a secret that came, went, or was described anew.
type change struct {
	event watch.EventType
	info  roomclient.SecretInfo
}

// changes returns what turns one list of secrets into another.
func changes(before, after []roomclient.SecretInfo) []change {
	type row struct{ id, delegatedTo string }
	old := make(map[row]roomclient.SecretInfo, len(before))
	for _, info := range before {
		old[row{info.ID, info.DelegatedTo}] = info
	}
	var all []change
	for _, info := range after {
		key := row{info.ID, info.DelegatedTo}
		was, known := old[key]
		delete(old, key)
		switch {
		case !known:
			all = append(all, change{watch.Added, info})
		case was != info:
			all = append(all, change{watch.Modified, info})
		}
	}
	for _, info := range before {
		if _, left := old[row{info.ID, info.DelegatedTo}]; left {
			all = append(all, change{watch.Deleted, info})
		}
	}
	return all
}
