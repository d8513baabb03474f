// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/options"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/tracing"
)

// leaseName is the name of the lease that the leader of everything holds; that of a shard begins with it.
const leaseName = "roomsecret-operator"

// flushTimeout is how long the end of the manager waits for the collector of traces.
const flushTimeout = 5 * time.Second

// run runs the manager until ctx is done.
func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	logger := zap.New(zap.UseFlagOptions(&o.Zap))
	ctrl.SetLogger(logger)
	klog.SetLogger(logger)
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { logger.WithName("traces").Error(err, "send traces") }))
	traces, stop, err := tracing.Start(ctx, o.OTLPEndpoint)
	if err != nil {
		return err
	}
	defer flush(ctx, stop)
	return work(ctx, o, traces)
}

// flush sends the traces that have not been sent.
func flush(ctx context.Context, stop func(context.Context) error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
	defer cancel()
	if err := stop(ctx); err != nil {
		ctrl.Log.WithName("traces").Error(err, "send traces")
	}
}

// work does what the manager is for until ctx is done.
func work(ctx context.Context, o *options.Options, traces trace.TracerProvider) error {
	restConfig, err := config.GetConfig()
	if err != nil {
		return fmt.Errorf("find the API server: %w", err)
	}
	restConfig.UserAgent = "roomsecret-operator"
	if o.OTLPEndpoint != "" {
		restConfig.Wrap(tracing.Requests(traces))
	}
	scheme, err := newScheme()
	if err != nil {
		return err
	}
	mgr, err := newManager(restConfig, scheme, o)
	if err != nil {
		return err
	}
	if err := addControllers(ctx, mgr, restConfig, scheme, o, traces); err != nil {
		return err
	}
	return mgr.Start(ctx)
}

// parse reads the command line. The error is flag.ErrHelp when only help was asked for.
func parse(args []string) (*options.Options, error) {
	var o options.Options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	o.AddFlags(flags)
	config.RegisterFlags(flags)
	if err := flags.Parse(args); err != nil {
		return nil, err
	}
	if extra := flags.Args(); len(extra) > 0 {
		return nil, fmt.Errorf("unexpected argument %q: everything is a flag, see --help", extra[0])
	}
	return &o, o.Validate()
}

func newScheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	return scheme, errors.Join(clientgoscheme.AddToScheme(scheme), roomv1alpha1.AddToScheme(scheme))
}

func newManager(restConfig *rest.Config, scheme *runtime.Scheme, o *options.Options) (ctrl.Manager, error) {
	serving := metricsserver.Options{BindAddress: o.MetricsBindAddress, SecureServing: o.MetricsSecure}
	if o.MetricsSecure {
		serving.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	lease := rest.CopyConfig(restConfig) // a lease that waits for what else there is to do would be lost
	o.Limit(restConfig)
	mgr, err := ctrl.NewManager(restConfig, ctrl.Options{
		Scheme:                        scheme,
		MapperProvider:                controllers.NewMapper,
		Cache:                         controllers.ShardCacheOptions(o.Shard()),
		Metrics:                       serving,
		HealthProbeBindAddress:        o.HealthProbeBindAddress,
		LeaderElection:                o.LeaderElect,
		LeaderElectionID:              o.Shard().Lease(leaseName),
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaderElectionConfig:          lease,
	})
	if err != nil {
		return nil, fmt.Errorf("make the manager: %w", err)
	}
	return mgr, errors.Join(
		mgr.AddHealthzCheck("ping", healthz.Ping),
		mgr.AddReadyzCheck("caches", controllers.CachesSynced(mgr.GetCache())),
	)
}

func addControllers(ctx context.Context, mgr ctrl.Manager, restConfig *rest.Config, scheme *runtime.Scheme, o *options.Options, traces trace.TracerProvider) error {
	direct, err := client.New(restConfig, client.Options{Scheme: scheme})
	if err != nil {
		return fmt.Errorf("make the client: %w", err)
	}
	digests, err := controllers.EnsureKey(ctx, direct, o.Namespace)
	if err != nil {
		return err
	}
	roomMetrics, err := sessions.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	syncMetrics, err := controllers.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	if err := metrics.Registry.Register(controllers.NewInventory(ctx, mgr.GetCache(), mgr.Elected(), o.WatchLabelSelector)); err != nil {
		return err
	}
	settings := controllers.Options{
		Rooms:                   sessions.NewPool(digests, roomMetrics, sessions.Dial),
		Digests:                 digests,
		Metrics:                 syncMetrics,
		Traces:                  traces,
		WithoutClusterRooms:     !o.ClusterRooms,
		Hosts:                   o.AllowedHosts,
		Restarts:                o.EnableRestarts,
		Namespaces:              o.WatchNamespaces,
		Selector:                o.WatchLabelSelector,
		Consent:                 consent.Links{URL: o.ConsentURL, Key: digests},
		MaxConcurrentReconciles: o.MaxConcurrentReconciles,
	}
	if err := addConsentPage(mgr, settings, o); err != nil {
		return err
	}
	return controllers.Setup(ctx, mgr, settings)
}

// addConsentPage adds the page on which people approve OAuth tokens, if there is to be one.
func addConsentPage(mgr ctrl.Manager, settings controllers.Options, o *options.Options) error {
	if o.ConsentAddress == "" {
		return nil
	}
	consentMetrics, err := consent.NewMetrics(metrics.Registry)
	if err != nil {
		return err
	}
	var oidc *consent.OIDC
	if o.ConsentOIDC.Issuer != "" {
		oidc = &o.ConsentOIDC
	}
	page, err := consent.New(consent.Options{
		Address: o.ConsentAddress, URL: o.ConsentURL, OIDC: oidc,
		Store: controllers.NewConsents(mgr, settings), Key: settings.Digests,
		Clock: clock.RealClock{}, Log: mgr.GetLogger().WithName("consent"), Metrics: consentMetrics,
	})
	if err != nil {
		return err
	}
	return mgr.Add(page)
}
