// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/controllers"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// bare is a client that makes the requests of the operator, knowing beforehand what they are.
type bare struct {
	population
	// onlyFirst leaves all rooms out but the first.
	onlyFirst bool
	requests  *counter
	kube      client.Client
	cache     cache.Cache
	events    events.EventRecorder
	standing  *standing
	rooms     map[string]*roomclient.Conn
	stop      func()
}

// newBare prepares everything that the operator too has before it starts.
func (s *stage) newBare(t *testing.T, p population) *bare {
	t.Helper()
	b := &bare{population: p, requests: newCounter(), standing: newStanding(isReady), rooms: map[string]*roomclient.Conn{}}
	config := s.unlimited(b.requests)
	// One connection, and what has been discovered over it, serve everything, as in a manager.
	connection, err := rest.HTTPClientFor(config)
	check(t, err)
	mapper, err := apiutil.NewDynamicRESTMapper(config, connection)
	check(t, err)
	b.kube, err = client.New(config, client.Options{Scheme: s.scheme, HTTPClient: connection, Mapper: mapper})
	check(t, err)
	options := controllers.CacheOptions(p.namespace)
	options.Scheme, options.HTTPClient, options.Mapper = s.scheme, connection, mapper
	b.cache, err = cache.New(config, options)
	check(t, err)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	for _, object := range kinds() {
		_, err := b.cache.GetInformer(ctx, object, cache.BlockUntilSynced(false))
		check(t, err)
	}
	b.standing.watch(ctx, t, b.cache)
	clientset, err := kubernetes.NewForConfigAndClient(config, connection)
	check(t, err)
	broadcaster := events.NewBroadcaster(&events.EventSinkImpl{Interface: clientset.EventsV1()})
	check(t, broadcaster.StartRecordingToSinkWithContext(ctx))
	b.events = broadcaster.NewRecorder(s.scheme, "bare")
	b.stop = sync.OnceFunc(func() {
		broadcaster.Shutdown()
		cancel()
		for _, conn := range b.rooms {
			_ = conn.Close()
		}
	})
	t.Cleanup(b.stop)
	return b
}

// kinds are what the operator watches.
func kinds() []client.Object {
	objects := []client.Object{&roomv1alpha1.RoomSecret{}, &roomv1alpha1.Room{}, &roomv1alpha1.ClusterRoom{}}
	for _, kind := range []string{"Secret", "ConfigMap", "Namespace"} {
		metadata := &metav1.PartialObjectMetadata{}
		metadata.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
		objects = append(objects, metadata)
	}
	return objects
}

// watchAll starts the cache and waits until it is filled.
func (b *bare) watchAll(ctx context.Context) error {
	go func() { _ = b.cache.Start(ctx) }()
	if !b.cache.WaitForCacheSync(ctx) {
		return errors.New("the cache was not filled")
	}
	return nil
}

// concerns reports whether the object of an index is not left out.
func (b *bare) concerns(index int) bool { return !b.onlyFirst || inFirst(index) }

// connect joins all rooms at the same time.
func (b *bare) connect(ctx context.Context) error {
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	if err != nil {
		return err
	}
	var mu sync.Mutex
	var group errgroup.Group
	for i := range roomCount {
		if !b.concerns(i) {
			continue
		}
		group.Go(func() error {
			name := b.room(i)
			at, _ := b.reach(i)
			claims := token.Claims{Name: operatorName, Grants: []token.Grant{token.RoomGrant(name), api}}
			conn, err := roomclient.Dial(ctx, roomclient.Config{URL: "http://" + at.address, Room: name, Token: roomclient.SignedToken(at.key, claims, time.Hour)})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			b.rooms[name] = conn
			return nil
		})
	}
	return group.Wait()
}

// each does something for each RoomSecret, as many at a time as the operator.
func (b *bare) each(do func(index int) error) error {
	var group errgroup.Group
	group.SetLimit(workers)
	for i := range b.n {
		if b.concerns(i) {
			group.Go(func() error { return do(i) })
		}
	}
	return group.Wait()
}

// patchStatus changes the status of an object as the operator does: what differs, on the condition that nobody else was
// faster.
func (b *bare) patchStatus(ctx context.Context, object client.Object, change func()) error {
	base, ok := object.DeepCopyObject().(client.Object)
	if !ok {
		return errors.New("an object that cannot be copied")
	}
	change()
	return b.kube.Status().Patch(ctx, object, client.MergeFromWithOptions(base, client.MergeFromWithOptimisticLock{}))
}
