// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// mount makes the node see its own processes, and write nothing to the machine: what programs keep in well-known places
// is in memory. A place that was missing stays behind, empty.
func (n *node) mount(context.Context) error {
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keep mounts private: %w", err)
	}
	if err := os.MkdirAll(n.Logs, 0o755); err != nil {
		return err
	}
	if err := syscall.Mount("proc", "/proc", "proc", 0, ""); err != nil {
		return fmt.Errorf("mount proc: %w", err)
	}
	for _, dir := range []string{"/run", "/var/log", "/var/lib/cni", "/var/lib/kubelet"} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755"); err != nil {
			return fmt.Errorf("mount memory at %s: %w", dir, err)
		}
	}
	return protectSettings()
}

// protectSettings shows the kubelet the settings of the kernel that it wants. Else it would make them so, for the whole
// machine.
func protectSettings() error {
	for name, value := range map[string]string{
		"vm/overcommit_memory":      "1",
		"vm/panic_on_oom":           "0",
		"kernel/panic":              "10",
		"kernel/panic_on_oops":      "1",
		"kernel/keys/root_maxkeys":  "1000000",
		"kernel/keys/root_maxbytes": "25000000",
	} {
		shown, err := write(filepath.Join("settings", name), value+"\n")
		if err != nil {
			return err
		}
		if err := syscall.Mount(shown, filepath.Join("/proc/sys", name), "", syscall.MS_BIND, ""); err != nil {
			return fmt.Errorf("protect the setting %s: %w", name, err)
		}
	}
	return nil
}

// connect gives the node an address. There is no way out of its network, but there is a default route: without one the
// addresses of services would have none.
func (n *node) connect(ctx context.Context) error {
	for _, args := range []string{
		"link set lo up",
		"link add node0 type veth peer name node1",
		"address add " + nodeNetwork + " dev node0",
		"link set node0 up",
		"link set node1 up",
		"route add default via " + gateway + " dev node0",
	} {
		if _, err := command(ctx, "ip", strings.Fields(args)...); err != nil {
			return err
		}
	}
	return os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0)
}
