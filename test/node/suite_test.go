// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

// Package node_test runs the operator and the room server as users do: from their images, in pods of a real Kubernetes
// node. It takes root, and what "make e2e" builds before.
package node_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/testnode"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const (
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = 2 * time.Minute
	// system is where the operator and the room server are installed.
	system = "roomsecret-system"
	// roomAddress is where the room server is, see testdata: there are no names here.
	roomAddress = "10.96.73.45:7345"
)

// suite is what all tests share: a cluster, and the API key of the room server in it.
type suite struct {
	kube   client.Client
	apiKey token.APIKey
	logs   string
}

var shared suite

func TestMain(m *testing.M) {
	testnode.Init()
	if os.Getenv(testnode.LogsEnv) == "" {
		os.Exit(besideNode())
	}
	os.Exit(run(m))
}

// besideNode runs this program again, beside a node. A machine that cannot run one is none of CI.
func besideNode() int {
	if err := testnode.Supported(); err != nil {
		if os.Getenv("CI") == "true" {
			return failed(err)
		}
		fmt.Fprintln(os.Stderr, "\n*** NOTHING IS TESTED IN PODS:", err, "***")
		return 0
	}
	self, err := os.Executable()
	if err != nil {
		return failed(err)
	}
	opts, err := options()
	if err != nil {
		return failed(err)
	}
	before := settings()
	code, err := testnode.Run(context.Background(), opts, append([]string{self}, os.Args[1:]...)...)
	if err != nil {
		return failed(err)
	}
	if diff := cmp.Diff(before, settings()); diff != "" {
		return failed(fmt.Errorf("the node has changed the machine (-before +after):\n%s", diff))
	}
	if code != 0 {
		fmt.Fprintln(os.Stderr, "the logs of the node are in", opts.Logs)
	}
	return code
}

// settings are what a kubelet would change for the whole machine.
func settings() map[string]string {
	found := map[string]string{}
	for _, name := range []string{"vm/overcommit_memory", "vm/panic_on_oom", "kernel/panic", "kernel/panic_on_oops", "net/ipv4/ip_forward"} {
		value, err := os.ReadFile(filepath.Join("/proc/sys", name))
		found[name] = fmt.Sprint(strings.TrimSpace(string(value)), err)
	}
	return found
}

func options() (testnode.Options, error) {
	bin, err := filepath.Abs("../../bin")
	images := filepath.Join(bin, "images")
	return testnode.Options{
		ControlPlane: filepath.Join(bin, "kube"),
		Node:         filepath.Join(bin, "node"),
		Images: []string{
			filepath.Join(images, "pod.tar"),
			filepath.Join(images, "roomsecret-operator.tar"),
			filepath.Join(images, "roomsecret-roomserver.tar"),
		},
		PauseImage: "localhost/pod:test",
		Policies:   filepath.Join(bin, "networkpolicies"),
		Logs:       filepath.Join(bin, "logs"),
	}, err
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func run(m *testing.M) int {
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(200 * time.Millisecond)
	log.SetLogger(logr.Discard())
	shared.logs = os.Getenv(testnode.LogsEnv)
	if err := shared.connect(); err != nil {
		return failed(err)
	}
	return m.Run()
}

// connect finds the cluster that this program runs beside.
func (s *suite) connect() error {
	config, err := clientcmd.BuildConfigFromFlags("", os.Getenv(testnode.KubeconfigEnv))
	if err != nil {
		return err
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), roomv1alpha1.AddToScheme(scheme)); err != nil {
		return err
	}
	if s.kube, err = client.New(config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	s.apiKey, err = token.NewAPIKey()
	return err
}
