// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
)

// object is a Room or a ClusterRoom, seen without the difference between the two.
type object struct {
	roomv1alpha1.RoomConnection
	title  string // for people
	name   string
	apiKey *roomv1alpha1.NamespacedSecretKeyRef
	token  *roomv1alpha1.NamespacedSecretKeyRef
	tls    roomv1alpha1.ClusterRoomTLS
	// identity is who the operator is in the room, as far as it has said so.
	identity string
}

// read reads the object of the choice.
func (c Choice) read(ctx context.Context, kube client.Reader, namespace string) (object, error) {
	if c.kind == roomv1alpha1.KindClusterRoom {
		var room roomv1alpha1.ClusterRoom
		if err := kube.Get(ctx, client.ObjectKey{Name: c.name}, &room); err != nil {
			return object{}, err
		}
		return fromClusterRoom(&room), nil
	}
	var room roomv1alpha1.Room
	if err := kube.Get(ctx, client.ObjectKey{Namespace: namespace, Name: c.name}, &room); err != nil {
		return object{}, cluster.In(namespace, err)
	}
	return fromRoom(&room), nil
}

func fromRoom(room *roomv1alpha1.Room) object {
	local := func(ref *roomv1alpha1.SecretKeyRef) *roomv1alpha1.NamespacedSecretKeyRef {
		if ref == nil {
			return nil
		}
		return &roomv1alpha1.NamespacedSecretKeyRef{Namespace: room.Namespace, SecretKeyRef: *ref}
	}
	o := object{
		RoomConnection: room.Spec.RoomConnection, name: room.Name,
		title:  fmt.Sprintf("Room %s/%s", room.Namespace, room.Name),
		apiKey: local(room.Spec.Auth.APIKeySecretRef), token: local(room.Spec.Auth.TokenSecretRef),
		identity: room.Status.Identity,
	}
	if room.Spec.TLS != nil {
		o.tls = room.Spec.TLS.In(room.Namespace)
	}
	return o
}

func fromClusterRoom(room *roomv1alpha1.ClusterRoom) object {
	o := object{
		RoomConnection: room.Spec.RoomConnection, name: room.Name, title: "ClusterRoom " + room.Name,
		apiKey: room.Spec.Auth.APIKeySecretRef, token: room.Spec.Auth.TokenSecretRef,
		identity: room.Status.Identity,
	}
	if room.Spec.TLS != nil {
		o.tls = *room.Spec.TLS
	}
	return o
}

// fromObject is a room that an object describes, with the credential that the object names.
func (c Choice) fromObject(ctx context.Context) (Target, error) {
	kube, namespace, err := cluster.Connect(c.options.Kube)
	if errors.Is(err, cluster.ErrNoCluster) && c.options.given(c.options.isKube) == "" {
		return Target{}, fmt.Errorf("%w, to find %s %s in; and neither %s nor %s is set, with which --room would be a room at an address",
			err, c.kind, c.name, envToken, envAPIKey)
	}
	if err != nil {
		return Target{}, err
	}
	o, err := c.read(ctx, kube, namespace)
	if err != nil {
		return Target{}, err
	}
	t := Target{
		URL: cmp.Or(o.Endpoint, roomv1alpha1.DefaultEndpoint), Room: cmp.Or(o.RoomName, o.name),
		Identity: string(o.ParticipantName), from: o.title,
	}
	if o.TokenSource == roomv1alpha1.TokenSourceConnect {
		t.Identity = o.identity // the service has made the operator this one, and its room secrets are meant
	}
	if err := t.authenticate(ctx, kube, o, c.options.AsIdentity); err != nil {
		return Target{}, fmt.Errorf("%s: %w", o.title, err)
	}
	if t.TLS, err = settings(ctx, kube, o.tls); err != nil {
		return Target{}, fmt.Errorf("%s: %w", o.title, err)
	}
	return t, t.check(c.options)
}

func (t *Target) authenticate(ctx context.Context, kube client.Reader, o object, identity string) error {
	if o.apiKey == nil && o.token == nil {
		return errors.New("spec.auth names neither an API key nor a token")
	}
	ref := cmp.Or(o.apiKey, o.token)
	credential, err := secretKey(ctx, kube, *ref)
	if err != nil {
		return err
	}
	from := fmt.Sprintf("key %q of Secret %s/%s", ref.Key, ref.Namespace, ref.Name)
	if o.apiKey != nil {
		return t.useAPIKey(string(credential), from, identity)
	}
	return t.useToken(string(credential), from)
}

// settings makes what the object says of TLS.
func settings(ctx context.Context, kube client.Reader, spec roomv1alpha1.ClusterRoomTLS) (*tls.Config, error) {
	if spec == (roomv1alpha1.ClusterRoomTLS{}) {
		return nil, nil //nolint:nilnil // nil is the system's settings
	}
	config := &tls.Config{ServerName: spec.ServerName, MinVersion: tls.VersionTLS12}
	pem, from, err := authority(ctx, kube, spec)
	if err != nil {
		return nil, err
	}
	if from != "" {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, errors.New(from + " holds no PEM certificate")
		}
	}
	if ref := spec.ClientCertSecretRef; ref != nil {
		pair, err := certificate(ctx, kube, *ref)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// authority reads the certificates to trust instead of the system's, and says where they are from: "" for nowhere.
func authority(ctx context.Context, kube client.Reader, spec roomv1alpha1.ClusterRoomTLS) (pem []byte, from string, err error) {
	switch {
	case spec.CASecretRef != nil:
		ref := *spec.CASecretRef
		pem, err := secretKey(ctx, kube, ref)
		return pem, fmt.Sprintf("key %q of Secret %s/%s", ref.Key, ref.Namespace, ref.Name), err
	case spec.CAConfigMapRef != nil:
		ref := *spec.CAConfigMapRef
		var object corev1.ConfigMap
		if err := kube.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &object); err != nil {
			return nil, "", fmt.Errorf("read the certificate authority: %w", cluster.In(ref.Namespace, err))
		}
		pem := object.BinaryData[ref.Key]
		if text, ok := object.Data[ref.Key]; ok {
			pem = []byte(text)
		}
		return pem, fmt.Sprintf("key %q of ConfigMap %s/%s", ref.Key, ref.Namespace, ref.Name), nil
	}
	return nil, "", nil
}

// certificate reads the certificate to show.
func certificate(ctx context.Context, kube client.Reader, ref roomv1alpha1.NamespacedSecretRef) (tls.Certificate, error) {
	var pair [2][]byte
	for i, key := range []string{corev1.TLSCertKey, corev1.TLSPrivateKeyKey} {
		var err error
		pair[i], err = secretKey(ctx, kube, roomv1alpha1.NamespacedSecretKeyRef{
			Namespace: ref.Namespace, SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: ref.Name, Key: key},
		})
		if err != nil {
			return tls.Certificate{}, err
		}
	}
	certificate, err := tls.X509KeyPair(pair[0], pair[1])
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("tls.crt and tls.key of Secret %s/%s are no PEM certificate with its key", ref.Namespace, ref.Name)
	}
	return certificate, nil
}

// secretKey reads one key of a Secret, without the white space around it.
func secretKey(ctx context.Context, kube client.Reader, ref roomv1alpha1.NamespacedSecretKeyRef) ([]byte, error) {
	var secret corev1.Secret
	if err := kube.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &secret); err != nil {
		return nil, fmt.Errorf("read the credential: %w", cluster.In(ref.Namespace, err))
	}
	value := bytes.TrimSpace(secret.Data[ref.Key])
	if len(value) == 0 {
		return nil, fmt.Errorf("key %q of Secret %s/%s is missing or empty", ref.Key, ref.Namespace, ref.Name)
	}
	return value, nil
}
