// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// policyQueue is where the kernel asks whether a connection may be made.
const policyQueue = "100"

// startPolicies returns when each new connection to or from a pod is decided upon by its policies. What the node itself says to its pods is
// none of their business: probes must get through.
//
// The program has rules of its own, which take a module that not every kernel has (nft_queue). These do the same by way of an older one.
// Where there are both, a connection is decided upon twice.
func (n *node) startPolicies(ctx context.Context) error {
	if n.Policies == "" {
		return nil
	}
	if err := n.launch(n.Policies, "-kubeconfig", n.kubeconfig("admin"), "-node", nodeName, "-queue", policyQueue); err != nil {
		return err
	}
	for _, rule := range []string{
		"-m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT",
		"-m addrtype --src-type LOCAL -j ACCEPT",
		"-j NFQUEUE --queue-num " + policyQueue,
	} {
		if _, err := command(ctx, "iptables", strings.Fields("--wait --table mangle --append POSTROUTING "+rule)...); err != nil {
			return err
		}
	}
	listens := regexp.MustCompile(`(?m)^ *` + policyQueue + ` `)
	return poll(ctx, func() error {
		queues, err := os.ReadFile("/proc/net/netfilter/nfnetlink_queue")
		if err == nil && !listens.Match(queues) {
			err = fmt.Errorf("nobody listens at the queue %s", policyQueue)
		}
		return err
	})
}
