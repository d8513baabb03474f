// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command networkpolicies makes NetworkPolicies true on the node of the tests, whose network plugins know nothing of them. It
// is the controller of kube-network-policies, as a program of the node and not in a pod: the kernel asks it about each new connection.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/kube-network-policies/pkg/networkpolicy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "networkpolicies:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	kubeconfig := flag.String("kubeconfig", "", "`file` with the address of the API server and the credential for it")
	node := flag.String("node", "", "`name` of this node")
	queue := flag.Int("queue", 0, "`number` of the queue that the kernel asks in")
	flag.Parse()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		return err
	}
	client, err := kubernetes.NewForConfig(config)
	if err != nil {
		return err
	}
	objects := informers.NewSharedInformerFactory(client, 0)
	// It asks containerd for the addresses of pods too, if it can, and must not be told not to: it would crash.
	controller, err := networkpolicy.NewController(client,
		objects.Networking().V1().NetworkPolicies(), objects.Core().V1().Namespaces(), objects.Core().V1().Pods(), nil, nil, nil, nil,
		networkpolicy.Config{NodeName: *node, QueueID: *queue})
	if err != nil {
		return err
	}
	objects.Start(ctx.Done())
	return controller.Run(ctx)
}
