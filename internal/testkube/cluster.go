// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// Options say what kind of cluster Start makes. The zero value is a cluster without custom resources.
type Options struct {
	// BinDir holds etcd, kube-apiserver, kube-controller-manager and kubectl. Empty: the directory
	// that KUBEBUILDER_ASSETS names, else bin/kube of the module the working directory belongs to.
	BinDir string
	// Dir receives data, certificates, kubeconfig files and logs. It must exist and is kept by Stop.
	// Empty: a temporary directory that Stop removes.
	Dir string
	// CRDPaths are files and directories with the custom resource definitions to install.
	CRDPaths []string
	// Controllers are the controllers that kube-controller-manager runs, by the names it knows them
	// under. Nil: DefaultControllers. Empty but not nil: no kube-controller-manager at all.
	Controllers []string
	// Audit makes the API server record every request, see Cluster.AuditLog.
	Audit bool
}

// Cluster is a running control plane. Its methods are safe for concurrent use, except Stop.
type Cluster struct {
	// Config connects as a member of system:masters, without a client-side rate limit that a test would notice.
	Config *rest.Config
	// Kubeconfig is the path of a kubeconfig file for the same user.
	Kubeconfig string
	// Dir holds data, certificates and kubeconfig files, and a log of each program.
	Dir string

	binaries binaries
	env      *envtest.Environment
	manager  *process
	logs     []*os.File
	keepDir  bool
}

// startTimeout bounds how long each program may take until it answers. On an idle machine it is a
// matter of seconds; tests of several packages that start at once on few cores need more.
const startTimeout = time.Minute

// Start runs a control plane and returns when it is ready to be used: custom resources are served and,
// unless there are no controllers, the default namespace has its service account. When ctx ends first,
// or anything fails, nothing is left running. The caller stops what it gets.
func Start(ctx context.Context, opts Options) (*Cluster, error) {
	b, err := findBinaries(opts.BinDir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{Dir: opts.Dir, binaries: b, keepDir: opts.Dir != ""}
	if c.Dir, err = workDir(opts.Dir); err != nil {
		return nil, err
	}
	if err := c.start(ctx, opts); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

func workDir(dir string) (string, error) {
	if dir == "" {
		return os.MkdirTemp("", "testkube-")
	}
	return filepath.Abs(dir)
}

func (c *Cluster) start(ctx context.Context, opts Options) error {
	if err := c.startAPIServer(ctx, opts); err != nil {
		return err
	}
	user := c.file("admin.kubeconfig")
	if err := os.WriteFile(user, c.env.KubeConfig, 0o600); err != nil {
		return err
	}
	c.Kubeconfig = user
	controllers := opts.Controllers
	if controllers == nil {
		controllers = DefaultControllers()
	}
	if len(controllers) == 0 {
		return ctx.Err()
	}
	return c.startControllerManager(ctx, controllers)
}

// Stop ends all programs, waits for them and removes what Start made. Calling it again does nothing.
func (c *Cluster) Stop() error {
	var errs []error
	if c.manager != nil {
		errs = append(errs, c.manager.stop())
		c.manager = nil
	}
	if c.env != nil {
		errs = append(errs, c.env.Stop())
		c.env = nil
	}
	for _, log := range c.logs {
		errs = append(errs, log.Close())
	}
	c.logs = nil
	if !c.keepDir {
		errs = append(errs, os.RemoveAll(c.Dir))
	}
	return errors.Join(errs...)
}

// Kubectl prepares a kubectl command that talks to the cluster as administrator.
func (c *Cluster) Kubectl(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, c.binaries.kubectl, args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+c.Kubeconfig)
	return cmd
}

func (c *Cluster) file(name string) string { return filepath.Join(c.Dir, name) }

// log opens the log file of one program.
func (c *Cluster) log(program string) (*os.File, error) {
	file, err := os.OpenFile(c.file(program+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	c.logs = append(c.logs, file)
	return file, nil
}

// failed adds to err what the program wrote last.
func (c *Cluster) failed(program string, err error) error {
	content, readErr := os.ReadFile(c.file(program + ".log"))
	if readErr != nil || len(content) == 0 {
		return fmt.Errorf("%s: %w", program, err)
	}
	const most = 2000
	return fmt.Errorf("%s: %w; it wrote last:\n%s", program, err, content[max(0, len(content)-most):])
}
