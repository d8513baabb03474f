// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/healthz"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

// The operator's key is in a Secret of its own namespace.
const (
	keySecretName = "roomsecret-operator-key"
	keySecretKey  = "key"
)

// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,verbs=create
// +kubebuilder:rbac:groups="",namespace=system,resources=secrets,resourceNames=roomsecret-operator-key,verbs=get
// +kubebuilder:rbac:groups="",namespace=system,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=system,resources=leases,verbs=create;get;update

// EnsureKey returns the key of the operator, which it creates when there is none yet. Without its key the operator would
// not recognise what it has written, so a Secret that is there and holds no key is an error and is never replaced.
func EnsureKey(ctx context.Context, c client.Client, namespace string) (fingerprint.Key, error) {
	var secret corev1.Secret
	name := client.ObjectKey{Namespace: namespace, Name: keySecretName}
	err := c.Get(ctx, name, &secret)
	if apierrors.IsNotFound(err) {
		secret = corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: keySecretName, Labels: map[string]string{managedByLabel: managedBy}},
			Data:       map[string][]byte{keySecretKey: fingerprint.Generate()},
		}
		err = c.Create(ctx, &secret)
		if apierrors.IsAlreadyExists(err) { // another replica was faster
			err = c.Get(ctx, name, &secret)
		}
	}
	if err != nil {
		return fingerprint.Key{}, fmt.Errorf("read or create the operator's key, Secret %s: %w", name, err)
	}
	key, err := fingerprint.NewKey(secret.Data[keySecretKey])
	if err != nil {
		return fingerprint.Key{}, fmt.Errorf("the operator's key, Secret %s, is damaged: restore it from a backup, or delete it and accept that nothing written before is recognised: %w", name, err)
	}
	return key, nil
}

// CachesSynced returns a check that passes once the caches have been filled.
func CachesSynced(c cache.Cache) healthz.Checker {
	return func(request *http.Request) error {
		ctx, cancel := context.WithTimeout(request.Context(), syncedTimeout)
		defer cancel()
		if !c.WaitForCacheSync(ctx) {
			return errors.New("the caches have not been filled yet")
		}
		return nil
	}
}
