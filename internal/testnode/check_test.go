// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"strings"
	"testing"
)

func TestWhatIsMissingIsNamedWithHowToGetIt(t *testing.T) {
	dir := t.TempDir()
	err := Options{ControlPlane: dir, Node: dir, Images: []string{dir + "/image.tar"}, Logs: "logs"}.check()
	if err == nil {
		t.Fatal("nothing is missed")
	}
	for _, text := range []string{
		"etcd", "kubectl", "run make kube\n", "kubelet", "kube-scheduler", "run make kube-node\n", "image.tar", `"logs", which is not absolute`,
	} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%q does not say %q", err, text)
		}
	}
}
