// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package controllers has the reconcilers of the operator. They are thin: they fetch, ask internal/plan what to do, do
// it through internal/sessions and the API server, and report. One direction of a RoomSecret is one file, and so is
// each thing that several of them need.
package controllers

import (
	"cmp"
	"context"
	"math/rand/v2"
	"time"

	"go.opentelemetry.io/otel/trace"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/errands"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/internal/shard"
)

// Options are what the controllers need.
type Options struct {
	// Rooms has the connections.
	Rooms *sessions.Pool
	// Digests makes digests of values and seals of records.
	Digests fingerprint.Key
	// Metrics counts what is done.
	Metrics *Metrics
	// Traces makes spans of what is done; nil means none.
	Traces trace.TracerProvider
	// WithoutClusterRooms leaves ClusterRooms alone, and needs no rights to them and to namespaces.
	WithoutClusterRooms bool
	// Hosts are those that rooms may be at; empty means all.
	Hosts hosts.List
	// Errands get what others are asked for; nil means new ones.
	Errands *errands.Errands
	// Restarts lets pulls restart workloads, which takes the right to patch them.
	Restarts bool
	// Namespaces are those that the cache of the manager is limited to; empty means all.
	Namespaces []string
	// Selector selects the Rooms, ClusterRooms and RoomSecrets to work on by their labels; nil means all. The cache of the
	// manager must have all Rooms and ClusterRooms, and of RoomSecrets those that it selects.
	Selector labels.Selector
	// Consent makes the links to the consent page; without a URL there is none.
	Consent consent.Links
	// MaxConcurrentReconciles is how many RoomSecrets are worked on at the same time, and how many rooms of each kind; 0
	// means 10.
	MaxConcurrentReconciles int
	// Grace is how long the deletion of a RoomSecret waits for a room that is out of reach; 0 means 2 minutes.
	Grace time.Duration
	// FirstRetry is how long to wait after the first of several failures; 0 means 1 second. It doubles with each, up to
	// 5 minutes.
	FirstRetry time.Duration
}

const (
	defaultConcurrency = 10
	defaultGrace       = 2 * time.Minute
	defaultFirstRetry  = time.Second
	maxRetry           = 5 * time.Minute
	// syncedTimeout is how long a readiness probe waits for the caches.
	syncedTimeout = time.Second
)

// CacheOptions returns what the cache of the manager must keep: all of our own kinds, of Secrets, ConfigMaps and Namespaces
// only metadata, stripped to what the indexes need. With namespaces, only objects of those are seen, besides ClusterRooms.
func CacheOptions(namespaces ...string) cache.Options {
	return ShardCacheOptions(shard.Shard{Namespaces: namespaces})
}

// ShardCacheOptions returns the same for a shard. Of RoomSecrets the API server sends those in the shard only; all Rooms and
// ClusterRooms are seen, to tell one of another shard from one that does not exist.
func ShardCacheOptions(s shard.Shard) cache.Options {
	var only map[string]cache.Config
	for _, namespace := range s.Namespaces {
		if only == nil {
			only = map[string]cache.Config{}
		}
		only[namespace] = cache.Config{}
	}
	return cache.Options{
		DefaultNamespaces:           only,
		ReaderFailOnMissingInformer: true,
		DefaultTransform:            cache.TransformStripManagedFields(),
		ByObject: map[client.Object]cache.ByObject{
			&roomv1alpha1.RoomSecret{}: {Label: s.Selector},
			secretMetadata():           {Transform: keepIdentity},
			configMapMetadata():        {Transform: keepIdentity},
			namespaceMetadata():        {Transform: keepLabels},
		},
	}
}

// keepIdentity strips an object to what tells it from others and its versions apart.
func keepIdentity(object any) (any, error) {
	m, ok := object.(*metav1.PartialObjectMetadata)
	if !ok {
		return object, nil
	}
	return &metav1.PartialObjectMetadata{
		TypeMeta: m.TypeMeta,
		ObjectMeta: metav1.ObjectMeta{
			Namespace: m.Namespace, Name: m.Name, UID: m.UID, ResourceVersion: m.ResourceVersion,
		},
	}, nil
}

// keepLabels strips an object to its identity and labels.
func keepLabels(object any) (any, error) {
	stripped, err := keepIdentity(object)
	if m, ok := object.(*metav1.PartialObjectMetadata); ok {
		if s, ok := stripped.(*metav1.PartialObjectMetadata); ok {
			s.Labels = m.Labels
		}
	}
	return stripped, err
}

// Setup adds the indexes, the connections and the controllers to a manager.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) error {
	if err := addIndexes(ctx, mgr.GetFieldIndexer(), o.WithoutClusterRooms); err != nil {
		return err
	}
	if o.Errands == nil {
		o.Errands = &errands.Errands{}
	}
	for _, runnable := range []manager.Runnable{o.Rooms, o.Errands} {
		if err := mgr.Add(runnable); err != nil {
			return err
		}
	}
	o.Rooms.Subscribe(func(e sessions.Event) { stir(o.Errands, e) })
	if err := setupRooms(mgr, o, roomv1alpha1.KindRoom, &roomv1alpha1.RoomList{}); err != nil {
		return err
	}
	if !o.WithoutClusterRooms {
		if err := setupRooms(mgr, o, roomv1alpha1.KindClusterRoom, &roomv1alpha1.ClusterRoomList{}); err != nil {
			return err
		}
	}
	answers := newAnswers(mgr, o)
	if err := mgr.Add(answers); err != nil {
		return err
	}
	return setupRoomSecrets(mgr, o, answers)
}

func setupRooms(mgr ctrl.Manager, o Options, kind roomv1alpha1.RoomKind, list client.ObjectList) error {
	r := &RoomReconciler{
		Kind: kind, Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Rooms: o.Rooms,
		Events: mgr.GetEventRecorder("roomsecret-operator"), Namespaces: o.Namespaces, Selector: o.Selector,
		credentials: credentials{live: mgr.GetAPIReader(), digests: o.Digests, hosts: o.Hosts},
		objects:     fresh{cached: mgr.GetClient(), live: mgr.GetAPIReader()},
	}
	find, object, name := finder{mgr.GetClient()}, client.Object(&roomv1alpha1.Room{}), "room"
	if kind == roomv1alpha1.KindClusterRoom {
		object, name = &roomv1alpha1.ClusterRoom{}, "clusterroom"
	}
	b := ctrl.NewControllerManagedBy(mgr).Named(name).
		For(object, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, syncRequests(), moves(o.Selector)))).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(find.roomsBy(indexCredential, list))).
		WatchesMetadata(&corev1.ConfigMap{}, handler.EnqueueRequestsFromMapFunc(find.roomsBy(indexAuthority, list))).
		Watches(&roomv1alpha1.RoomSecret{}, handler.EnqueueRequestsFromMapFunc(roomOfRoomSecret(kind)), builder.WithPredicates(finalizerChanges())).
		WatchesRawSource(roomEvents(o.Rooms, kind)).
		WithOptions(concurrent(o))
	if o.Selector != nil {
		b = find.watchNamesakes(b, o, list)
	}
	return b.Complete(withSpans(r, o, string(kind)))
}

func setupRoomSecrets(mgr ctrl.Manager, o Options, answers *Answers) error {
	r := &RoomSecretReconciler{
		Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Rooms: o.Rooms,
		Events:  mgr.GetEventRecorder("roomsecret-operator"),
		Digests: o.Digests, Metrics: o.Metrics, Clock: clock.RealClock{},
		Errands: o.Errands, Callback: answers.callback(),
		Grace: cmp.Or(o.Grace, defaultGrace), Restarts: o.Restarts, Answers: answers, Selector: o.Selector,
		objects: fresh{cached: mgr.GetClient(), live: mgr.GetAPIReader()},
	}
	find := finder{mgr.GetClient()}
	changed := builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, moves(o.Selector)))
	b := ctrl.NewControllerManagedBy(mgr).Named("roomsecret").
		For(&roomv1alpha1.RoomSecret{}, builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, syncRequests(), decisions()))).
		Watches(&roomv1alpha1.RoomSecret{}, find.rivals()).
		Watches(&roomv1alpha1.RoomSecret{}, find.fellows()).
		Watches(&roomv1alpha1.Room{}, find.ofRooms(), changed).
		WatchesMetadata(&corev1.Secret{}, find.secrets()).
		WatchesRawSource(find.roomSecretEvents(o.Rooms)).
		WatchesRawSource(answers.wakeUps()).
		WatchesRawSource(errandEvents(o.Errands)).
		WithOptions(concurrent(o))
	if !o.WithoutClusterRooms {
		b = b.Watches(&roomv1alpha1.ClusterRoom{}, find.ofRooms(), changed).
			WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(find.ofNamespace), builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	return b.Complete(withSpans(r, o, "RoomSecret"))
}

// concurrent returns how a controller works through its queue. Most of the time of a reconcile is spent waiting for the API
// server, so that one at a time would let thousands of objects wait for minutes after a restart. A replica that does not lead has its
// caches filled and its queue, so that it need not list all Secrets once it does.
func concurrent(o Options) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: cmp.Or(o.MaxConcurrentReconciles, defaultConcurrency),
		RateLimiter:             retries(o),
		EnableWarmup:            new(true),
	}
}

// retries returns a limiter that waits longer after each failure of an object, with jitter, so that objects which failed
// together do not come back together.
func retries(o Options) workqueue.TypedRateLimiter[ctrl.Request] {
	return jittered{workqueue.NewTypedItemExponentialFailureRateLimiter[ctrl.Request](cmp.Or(o.FirstRetry, defaultFirstRetry), maxRetry)}
}

type jittered struct {
	workqueue.TypedRateLimiter[ctrl.Request]
}

// When returns how long to wait: between one half and the whole of what the limiter says.
func (j jittered) When(request ctrl.Request) time.Duration {
	wait := j.TypedRateLimiter.When(request)
	return wait/2 + rand.N(wait/2+1) //nolint:gosec // jitter spreads load and guards nothing
}
