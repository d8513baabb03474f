// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// credentials reads what a room refers to, and makes of it how the room is reached.
type credentials struct {
	// live reads Secrets from the API server: they are not cached.
	live    client.Reader
	digests fingerprint.Key
	hosts   hosts.List
}

// reached is how a room is reached, and what its status tells of that.
type reached struct {
	sessions.Room
	expires *metav1.Time
}

// read returns how a room is reached. Its errors are faults.
func (c credentials) read(ctx context.Context, r room) (reached, error) {
	out := reached{Room: sessions.Room{
		Endpoint:     r.connection.Endpoint,
		Hosts:        c.hosts,
		Name:         r.roomName(),
		PollInterval: pollInterval(r),
	}}
	if endpoint := cmp.Or(out.Endpoint, roomv1alpha1.DefaultEndpoint); !c.hosts.Allows(endpoint) {
		return out, fault.NewTerminal(roomv1alpha1.ReasonHostNotAllowed,
			"The operator may not connect to the host of this endpoint: use one of those that it was started with (--allowed-hosts), or ask whoever runs it to add this one.")
	}
	out.limit(r.connection.Limits)
	key, ref := r.apiKey, "auth.apiKeySecretRef"
	if key == nil {
		key, ref = r.token, "auth.tokenSecretRef"
	}
	credential, err := c.secretKey(ctx, *key, ref)
	if err != nil {
		return out, err
	}
	if err := out.authenticate(r, credential); err != nil {
		return out, err
	}
	settings, err := c.tls(ctx, r.tls)
	if err != nil {
		return out, err
	}
	out.TLS = settings.config
	out.Revision = c.digests.Digest("room", []byte(out.Endpoint), []byte(out.Name), []byte(out.Identity),
		[]byte(strconv.FormatBool(out.Connect)), credential, []byte(out.RequestTimeout.String()),
		[]byte(r.tls.ServerName), settings.authority, settings.certificate, settings.key)
	return out, nil
}

// limit fills in the limits.
func (o *reached) limit(limits *roomv1alpha1.RoomLimits) {
	if limits == nil {
		return
	}
	o.Limits = sessions.Limits{
		RequestsPerSecond: int(limits.RequestsPerSecond), Burst: int(limits.Burst), MaxInFlight: int(limits.MaxInFlight),
	}
	if limits.RequestTimeout != nil {
		o.RequestTimeout = limits.RequestTimeout.Duration
	}
}

// authenticate fills in the identity and the credential.
func (o *reached) authenticate(r room, credential []byte) error {
	if r.apiKey != nil {
		key, err := token.ParseAPIKey(string(credential))
		if err != nil {
			return fault.NewTerminal(roomv1alpha1.ReasonInvalidCredential,
				"The value that auth.apiKeySecretRef names is not a project API key (ma-...): put one there.")
		}
		o.APIKey = &key
		if o.Connect = r.connection.TokenSource == roomv1alpha1.TokenSourceConnect; o.Connect {
			return nil // the service says who we are
		}
		o.Identity = cmp.Or(string(r.connection.ParticipantName), roomv1alpha1.DefaultParticipantName)
		return nil
	}
	claims, err := token.Decode(string(credential))
	if err != nil {
		return fault.NewTerminal(roomv1alpha1.ReasonInvalidCredential,
			"The value that auth.tokenSecretRef names is not a participant token: put one there.")
	}
	o.Token, o.Identity = credential, claims.Name
	if !claims.ExpiresAt.IsZero() {
		o.expires = &metav1.Time{Time: claims.ExpiresAt}
	}
	return nil
}

// secretKey reads one key of a Secret, without the white space around it.
func (c credentials) secretKey(ctx context.Context, ref roomv1alpha1.NamespacedSecretKeyRef, field string) ([]byte, error) {
	secret, err := c.secret(ctx, ref.Namespace, ref.Name, field)
	if err != nil {
		return nil, err
	}
	return keyOf(secret.Data, "Secret", ref.Name, ref.Key, field)
}

// secret reads a Secret.
func (c credentials) secret(ctx context.Context, namespace, name, field string) (*corev1.Secret, error) {
	var secret corev1.Secret
	err := c.live.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, &secret)
	if err := found(err, "Secret", namespace, name, field); err != nil {
		return nil, err
	}
	return &secret, nil
}

// found makes of the error of reading an object what to do about it.
func found(err error, kind, namespace, name, field string) error {
	if apierrors.IsNotFound(err) {
		return fault.NewWaiting(roomv1alpha1.ReasonCredentialNotFound,
			"%s %q, which %s names, does not exist in namespace %q: create it.", kind, name, field, namespace)
	}
	if err != nil {
		return fmt.Errorf("read the %s that %s names: %w", kind, field, err)
	}
	return nil
}

// keyOf returns what is under a key, without the white space around it.
func keyOf(data map[string][]byte, kind, name, key, field string) ([]byte, error) {
	value := bytes.TrimSpace(data[key])
	if len(value) == 0 {
		return nil, fault.NewWaiting(roomv1alpha1.ReasonCredentialNotFound,
			"%s %q, which %s names, has nothing under the key %q: add it.", kind, name, field, key)
	}
	return value, nil
}

func pollInterval(r room) time.Duration {
	if r.connection.PollInterval == nil {
		return roomv1alpha1.DefaultPollInterval
	}
	return r.connection.PollInterval.Duration
}
