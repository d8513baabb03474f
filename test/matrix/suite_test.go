// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package matrix_test has everything happen that can happen to a RoomSecret, under each of its policies, with the operator,
// a real API server and the room server: a test for each cell of the tables in docs/policies.md.
//
// policies_test.go has the rows and what is expected, events_test.go the columns, outcome_test.go what can be expected, and
// page_test.go compares them with the page.
package matrix_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const (
	// pollInterval of the rooms: drift is noticed within it.
	pollInterval = time.Second
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = time.Minute
	// stillness is how long nothing must have been written before a cell is over: more than one poll.
	stillness = 2 * time.Second
	// inFlight is how many cells are under way at once. They wait most of the time, for polls above all, and those that
	// an event happens to together must all have arrived.
	inFlight = 64
)

// suite is what all cells share. Each has a namespace and a room of its own.
type suite struct {
	cluster  *testkube.Cluster
	scheme   *runtime.Scheme
	kube     client.Client
	operator *operator
	// steady runs all the time, shaky is out of reach for a while.
	steady, shaky *roomServer
	// outage, recovery and restart happen to all cells that take part.
	outage, recovery, restart *gathering
}

var shared suite

func TestMain(m *testing.M) {
	ctrl.SetLogger(logr.Discard())
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(400 * time.Millisecond)
	flag.Parse()
	err := flag.Set("test.parallel", fmt.Sprint(inFlight))
	code := 1
	if err == nil {
		code, err = run(context.Background(), m)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func run(ctx context.Context, m *testing.M) (code int, err error) {
	if shared.cluster, err = testkube.Start(ctx, testkube.Options{CRDPaths: []string{"../../config/crd/bases"}}); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.cluster.Stop()) }()
	shared.scheme = runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(shared.scheme), roomv1alpha1.AddToScheme(shared.scheme)); err != nil {
		return 1, err
	}
	if shared.kube, err = client.New(shared.cluster.Config, client.Options{Scheme: shared.scheme}); err != nil {
		return 1, err
	}
	if shared.steady, err = startRoomServer(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.steady.stop()) }()
	if shared.shaky, err = startRoomServer(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.shaky.stop()) }()
	if shared.operator, err = startOperator(ctx); err != nil {
		return 1, err
	}
	defer func() { err = errors.Join(err, shared.operator.stop()) }()
	shared.outage = newGathering(func() error { return shared.shaky.stop() })
	shared.recovery = newGathering(func() error { return shared.shaky.start(ctx) })
	shared.restart = newGathering(func() error { return restartOperator(ctx) })
	return m.Run(), nil
}

// operator is the operator as it runs, with all namespaces of the cluster.
type operator struct {
	cancel context.CancelFunc
	done   chan error
}

func startOperator(ctx context.Context) (*operator, error) {
	mgr, err := ctrl.NewManager(shared.cluster.Config, ctrl.Options{
		Scheme: shared.scheme, Cache: controllers.CacheOptions(), Metrics: metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	if err != nil {
		return nil, err
	}
	digests, err := controllers.EnsureKey(ctx, shared.kube, "default")
	if err != nil {
		return nil, err
	}
	registry := prometheus.NewRegistry()
	roomMetrics, roomErr := sessions.NewMetrics(registry)
	syncMetrics, syncErr := controllers.NewMetrics(registry)
	if err := errors.Join(roomErr, syncErr); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	o := &operator{cancel: cancel, done: make(chan error, 1)}
	err = controllers.Setup(ctx, mgr, controllers.Options{
		Rooms: sessions.NewPool(digests, roomMetrics, sessions.Dial), Digests: digests, Metrics: syncMetrics,
		FirstRetry: 50 * time.Millisecond,
	})
	if err != nil {
		cancel()
		return nil, err
	}
	go func() { o.done <- mgr.Start(ctx) }()
	return o, nil
}

func (o *operator) stop() error {
	o.cancel()
	return <-o.done
}

func restartOperator(ctx context.Context) error {
	if err := shared.operator.stop(); err != nil {
		return err
	}
	fresh, err := startOperator(ctx)
	if err != nil {
		return err
	}
	shared.operator = fresh
	return nil
}
