// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e_test runs the operator and the room server as they are shipped: as programs, installed from config/default,
// with exactly the rights that are granted there and within the bounds of config/policy, against a real API server.
package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/test/programs"
)

// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
const patience = time.Minute

// suite is what all tests share: a cluster in which the operator is installed, and the programs.
type suite struct {
	*programs.Installation
	dir        string
	kubeconfig string
}

var shared suite

func TestMain(m *testing.M) {
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return failed(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files is cleaned by others too
	ctx := context.Background()
	if err := programs.Build(ctx, dir); err != nil {
		return failed(err)
	}
	cluster, err := testkube.Start(ctx, testkube.Options{Audit: true})
	if err != nil {
		return failed(err)
	}
	shared = suite{dir: dir, kubeconfig: filepath.Join(dir, "manager.kubeconfig")}
	code := 1
	if err := shared.install(ctx, cluster); err != nil {
		failed(err)
	} else {
		code = max(m.Run(), shared.check())
	}
	if err := cluster.Stop(); err != nil {
		return failed(err)
	}
	return code
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// check expects that the operator was never denied what it asked for, in any of the tests.
func (s *suite) check() int {
	denied, err := s.denied(programs.Namespace)
	if err == nil && len(denied) > 0 {
		err = fmt.Errorf("the operator was denied:\n%s", strings.Join(denied, "\n"))
	}
	if err != nil {
		return failed(err)
	}
	return 0
}

// denied returns what the service accounts of a namespace asked for and were not allowed to do, by roles or by policies. It
// is an error when they asked for nothing.
func (s *suite) denied(namespace string) ([]string, error) {
	events, err := s.Cluster.AuditLog().Read()
	if err != nil {
		return nil, err
	}
	var denied []string
	asked := false
	for _, event := range events {
		if !strings.HasPrefix(event.User.Username, "system:serviceaccount:"+namespace+":") || event.ResponseStatus == nil {
			continue
		}
		asked = true
		if event.ResponseStatus.Code == http.StatusForbidden {
			denied = append(denied, fmt.Sprintf("%s %s: %s", event.Verb, event.RequestURI, event.ResponseStatus.Message))
		}
	}
	if !asked {
		return nil, fmt.Errorf("no service account of %s asked for anything", namespace)
	}
	return denied, nil
}

// install installs the operator, and makes a kubeconfig for the service account of the manager.
func (s *suite) install(ctx context.Context, cluster *testkube.Cluster) (err error) {
	if s.Installation, err = programs.Install(ctx, cluster); err != nil {
		return err
	}
	return s.writeKubeconfig(ctx, programs.Namespace, programs.ServiceAccount, s.kubeconfig)
}

func (s *suite) writeKubeconfig(ctx context.Context, namespace, name, path string) error {
	return s.WriteKubeconfig(ctx, namespace, name, s.Cluster.Config.Host, path)
}
