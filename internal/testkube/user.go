// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"fmt"
	"os"
	"strings"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// User is somebody the API server knows by a client certificate.
type User struct {
	// Config connects as the user, with client-go's default rate limit.
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig file of the user.
	Kubeconfig string
}

// AddUser creates a user, who may do nothing but what RBAC rules allow to the name or the groups.
// A name like "system:serviceaccount:NAMESPACE:NAME" acts as that service account if the groups are
// those of service accounts.
func (c *Cluster) AddUser(name string, groups ...string) (*User, error) {
	user, err := c.env.AddUser(envtest.User{Name: name, Groups: groups}, nil)
	if err != nil {
		return nil, fmt.Errorf("add user %s: %w", name, err)
	}
	kubeconfig, err := user.KubeConfig()
	if err != nil {
		return nil, fmt.Errorf("kubeconfig of user %s: %w", name, err)
	}
	path := c.file(strings.NewReplacer(":", "-", "/", "-").Replace(name) + ".kubeconfig")
	if err := os.WriteFile(path, kubeconfig, 0o600); err != nil {
		return nil, err
	}
	return &User{Config: user.Config(), Kubeconfig: path}, nil
}
