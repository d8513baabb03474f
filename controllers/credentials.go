// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// credentials reads what a room refers to, and makes of it how the room is reached.
type credentials struct {
	// live reads Secrets from the API server: they are not cached.
	live    client.Reader
	digests fingerprint.Key
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
		Name:         r.roomName(),
		PollInterval: pollInterval(r),
	}}
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
	authority, err := c.trust(ctx, r, &out)
	if err != nil {
		return out, err
	}
	out.Revision = c.digests.Digest("room", []byte(out.Endpoint), []byte(out.Name), []byte(out.Identity), credential,
		authority, []byte(r.serverName), []byte(out.PollInterval.String()))
	return out, nil
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

// trust fills in the TLS settings and returns the certificates that are trusted.
func (c credentials) trust(ctx context.Context, r room, out *reached) ([]byte, error) {
	if r.ca == nil && r.serverName == "" {
		return nil, nil
	}
	out.TLS = &tls.Config{ServerName: r.serverName, MinVersion: tls.VersionTLS12}
	if r.ca == nil {
		return nil, nil
	}
	pem, err := c.secretKey(ctx, *r.ca, "tls.caSecretRef")
	if err != nil {
		return nil, err
	}
	out.TLS.RootCAs = x509.NewCertPool()
	if !out.TLS.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fault.NewTerminal(roomv1alpha1.ReasonInvalidCredential,
			"The value that tls.caSecretRef names holds no PEM certificate: put one there.")
	}
	return pem, nil
}

// secretKey reads one key of a Secret, without the white space around it.
func (c credentials) secretKey(ctx context.Context, ref roomv1alpha1.NamespacedSecretKeyRef, field string) ([]byte, error) {
	var secret corev1.Secret
	err := c.live.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &secret)
	if apierrors.IsNotFound(err) {
		return nil, fault.NewWaiting(roomv1alpha1.ReasonCredentialNotFound,
			"Secret %q, which %s names, does not exist in namespace %q: create it.", ref.Name, field, ref.Namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("read the Secret that %s names: %w", field, err)
	}
	value := bytes.TrimSpace(secret.Data[ref.Key])
	if len(value) == 0 {
		return nil, fault.NewWaiting(roomv1alpha1.ReasonCredentialNotFound,
			"Secret %q, which %s names, has nothing under the key %q: add it.", ref.Name, field, ref.Key)
	}
	return value, nil
}

func pollInterval(r room) time.Duration {
	if r.connection.PollInterval == nil {
		return roomv1alpha1.DefaultPollInterval
	}
	return r.connection.PollInterval.Duration
}
