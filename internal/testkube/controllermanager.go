// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// DefaultControllers are those without which objects do not live and die as in a real cluster:
// namespaces would hang in Terminating, owned objects would outlive their owners, and no service
// account would exist.
func DefaultControllers() []string {
	return []string{
		"namespace-controller",
		"garbage-collector-controller",
		"serviceaccount-controller",
		"serviceaccount-token-controller",
		"root-ca-certificate-publisher-controller",
	}
}

// startControllerManager runs kube-controller-manager and waits for the first sign of its work. It is
// started after the custom resources are installed because the garbage collector looks for new kinds
// only every half minute.
func (c *Cluster) startControllerManager(ctx context.Context, controllers []string) error {
	const program = "kube-controller-manager"
	user, err := c.AddUser("system:kube-controller-manager")
	if err != nil {
		return err
	}
	ca := c.file("pki/serving-ca.crt")
	if err := os.WriteFile(ca, c.env.ControlPlane.APIServer.CA, 0o600); err != nil {
		return err
	}
	path, err := c.tether(c.binaries.controllerManager)
	if err != nil {
		return err
	}
	log, err := c.log(program)
	if err != nil {
		return err
	}
	c.manager, err = startProcess(ctx, path, log,
		"--kubeconfig="+user.Kubeconfig,
		"--controllers="+strings.Join(controllers, ","),
		"--leader-elect=false",
		"--secure-port=0", // nobody asks it anything
		"--service-account-private-key-file="+c.file("pki/sa-signer.key"),
		"--root-ca-file="+ca,
		"--use-service-account-credentials",
	)
	if err != nil {
		return err
	}
	if err := c.waitForServiceAccount(ctx, controllers); err != nil {
		return c.failed(program, err)
	}
	return nil
}

// waitForServiceAccount returns when the default namespace has its service account, if one of the
// controllers makes it.
func (c *Cluster) waitForServiceAccount(ctx context.Context, controllers []string) error {
	if !strings.Contains(strings.Join(controllers, ","), "serviceaccount-controller") {
		return ctx.Err()
	}
	kube, err := client.New(c.Config, client.Options{})
	if err != nil {
		return err
	}
	key := client.ObjectKey{Namespace: corev1.NamespaceDefault, Name: "default"}
	err = wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, startTimeout, true, func(ctx context.Context) (bool, error) {
		if c.manager.exited() {
			return false, fmt.Errorf("ended while it was starting: %w", c.manager.err)
		}
		return kube.Get(ctx, key, &corev1.ServiceAccount{}) == nil, nil
	})
	if err != nil {
		return fmt.Errorf("wait for the default service account: %w", err)
	}
	return nil
}
