// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"context"
	"os"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startAPIServer runs etcd and kube-apiserver and installs the custom resources.
func (c *Cluster) startAPIServer(ctx context.Context, opts Options) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	env := &envtest.Environment{
		CRDDirectoryPaths:        opts.CRDPaths,
		ErrorIfCRDPathMissing:    true,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  startTimeout,
	}
	env.ControlPlane.KubectlPath = c.binaries.kubectl
	if err := c.configureEtcd(env); err != nil {
		return err
	}
	if err := c.configureAPIServer(env, opts); err != nil {
		return err
	}
	c.env = env
	config, err := env.Start()
	if err != nil {
		return c.failed("kube-apiserver", err)
	}
	c.Config = config
	return nil
}

func (c *Cluster) configureEtcd(env *envtest.Environment) error {
	path, err := c.tether(c.binaries.etcd)
	if err != nil {
		return err
	}
	log, err := c.log("etcd")
	if err != nil {
		return err
	}
	env.ControlPlane.Etcd = &envtest.Etcd{Path: path, DataDir: c.file("etcd-data"), Out: log, Err: log}
	return nil
}

func (c *Cluster) configureAPIServer(env *envtest.Environment, opts Options) error {
	path, err := c.tether(c.binaries.apiServer)
	if err != nil {
		return err
	}
	log, err := c.log("kube-apiserver")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.file("pki"), 0o700); err != nil {
		return err
	}
	server := env.ControlPlane.GetAPIServer()
	server.Path, server.CertDir, server.Out, server.Err = path, c.file("pki"), log, log
	// Without it the API server looks for an address that others can reach, and does not start on a machine that has
	// no default route. Nobody asks for the endpoints of the Service "kubernetes": no pods run.
	server.Configure().Set("advertise-address", "127.0.0.1").Set("endpoint-reconciler-type", "none")
	if opts.Controllers == nil || len(opts.Controllers) > 0 {
		// envtest turns the ServiceAccount admission plugin off because nothing would make the
		// accounts that it asks for.
		server.Configure().Disable("disable-admission-plugins")
	}
	if opts.Audit {
		return c.configureAudit(server)
	}
	return nil
}
