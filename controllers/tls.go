// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"crypto/tls"
	"crypto/x509"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fault"
)

// tlsSettings are the TLS settings of a room, and what they are made of.
type tlsSettings struct {
	// config is nil when there is nothing to set.
	config *tls.Config
	// authority, certificate and key are PEM.
	authority, certificate, key []byte
}

// tls reads what the TLS settings of a room name.
func (c credentials) tls(ctx context.Context, spec roomv1alpha1.ClusterRoomTLS) (tlsSettings, error) {
	var out tlsSettings
	if spec == (roomv1alpha1.ClusterRoomTLS{}) {
		return out, nil
	}
	out.config = &tls.Config{ServerName: spec.ServerName, MinVersion: tls.VersionTLS12}
	if err := c.trust(ctx, spec, &out); err != nil {
		return out, err
	}
	return out, c.identify(ctx, spec.ClientCertSecretRef, &out)
}

// trust fills in the certificates that are trusted instead of the system's.
func (c credentials) trust(ctx context.Context, spec roomv1alpha1.ClusterRoomTLS, out *tlsSettings) (err error) {
	field := "tls.caSecretRef"
	switch {
	case spec.CASecretRef != nil:
		out.authority, err = c.secretKey(ctx, *spec.CASecretRef, field)
	case spec.CAConfigMapRef != nil:
		field = "tls.caConfigMapRef"
		out.authority, err = c.configMapKey(ctx, *spec.CAConfigMapRef, field)
	default:
		return nil
	}
	if err != nil {
		return err
	}
	out.config.RootCAs = x509.NewCertPool()
	if !out.config.RootCAs.AppendCertsFromPEM(out.authority) {
		return fault.NewTerminal(roomv1alpha1.ReasonInvalidCredential,
			"The value that %s names holds no PEM certificate: put one there.", field)
	}
	return nil
}

// identify fills in the certificate that is shown to the endpoint.
func (c credentials) identify(ctx context.Context, ref *roomv1alpha1.NamespacedSecretRef, out *tlsSettings) error {
	if ref == nil {
		return nil
	}
	const field = "tls.clientCertSecretRef"
	secret, err := c.secret(ctx, ref.Namespace, ref.Name, field)
	if err != nil {
		return err
	}
	if out.certificate, err = keyOf(secret.Data, "Secret", ref.Name, corev1.TLSCertKey, field); err != nil {
		return err
	}
	if out.key, err = keyOf(secret.Data, "Secret", ref.Name, corev1.TLSPrivateKeyKey, field); err != nil {
		return err
	}
	pair, err := tls.X509KeyPair(out.certificate, out.key)
	if err != nil {
		return fault.NewTerminal(roomv1alpha1.ReasonInvalidCredential,
			"Secret %q, which %s names, holds no PEM certificate with its key under tls.crt and tls.key: put them there.", ref.Name, field)
	}
	out.config.Certificates = []tls.Certificate{pair}
	return nil
}

// configMapKey reads one key of a ConfigMap, without the white space around it.
func (c credentials) configMapKey(ctx context.Context, ref roomv1alpha1.NamespacedConfigMapKeyRef, field string) ([]byte, error) {
	var object corev1.ConfigMap
	err := c.live.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &object)
	if err := found(err, "ConfigMap", ref.Namespace, ref.Name, field); err != nil {
		return nil, err
	}
	data := object.BinaryData
	if text, ok := object.Data[ref.Key]; ok {
		data = map[string][]byte{ref.Key: []byte(text)}
	}
	return keyOf(data, "ConfigMap", ref.Name, ref.Key, field)
}
