// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const (
	// config is the directory of the manifests.
	config = "../../config/"
	// system is where config/default installs the operator.
	system = "roomsecret-system"
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = time.Minute
	// user is who applies manifests in these tests.
	user = client.FieldOwner("pipeline")
)

// world is what all tests share: a cluster with our manifests installed, a room server, and the operator. Each test has
// namespaces of its own.
type world struct {
	cluster  *testkube.Cluster
	kube     client.WithWatch
	room     *roomServer
	operator *operator
	argocd   customizations
	// unseen are objects as they were before any controller had seen them.
	unseen []*unstructured.Unstructured
	// history has every version of every object of ours.
	history *history
}

var shared world

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	code, err := run(context.Background(), m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	shared.cluster, err = testkube.Start(ctx, testkube.Options{CRDPaths: []string{config + "crd/bases"}})
	if err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.cluster.Stop()) }()
	for _, args := range [][]string{
		{"apply", "-k", config + "default"},
		{"create", "namespace", "argocd"},
		{"apply", "-k", "testdata/argocd"},
	} {
		if output, err := shared.cluster.Kubectl(ctx, args...).CombinedOutput(); err != nil {
			return 1, fmt.Errorf("kubectl %v: %w\n%s", args, err, output)
		}
	}
	if shared.kube, err = client.NewWithWatch(shared.cluster.Config, client.Options{Scheme: scheme()}); err != nil {
		return 1, err
	}
	var cm corev1.ConfigMap
	if err := shared.kube.Get(ctx, client.ObjectKey{Namespace: "argocd", Name: "argocd-cm"}, &cm); err != nil {
		return 1, err
	}
	shared.argocd = cm.Data
	if shared.room, err = newRoomServer(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.room.stop()) }()
	if shared.unseen, err = createUnseen(ctx); err != nil {
		return 1, err
	}
	if shared.history, err = startHistory(ctx, shared.argocd); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.history.stop()) }()
	if shared.operator, err = startOperator(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.operator.stop()) }()
	code = m.Run()
	broken, err := laws.CheckAll(ctx, shared.kube)
	if len(broken) > 0 {
		err = errors.Join(err, fmt.Errorf("the tests leave behind:\n%s", strings.Join(broken, "\n")))
	}
	return code, err
}

func scheme() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(s), roomv1alpha1.AddToScheme(s)); err != nil {
		panic(err)
	}
	return s
}
