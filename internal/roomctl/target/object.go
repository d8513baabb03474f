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
	title      string // for people
	name       string
	apiKey     *roomv1alpha1.NamespacedSecretKeyRef
	token      *roomv1alpha1.NamespacedSecretKeyRef
	ca         *roomv1alpha1.NamespacedSecretKeyRef
	serverName string
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
	}
	if room.Spec.TLS != nil {
		o.ca, o.serverName = local(room.Spec.TLS.CASecretRef), room.Spec.TLS.ServerName
	}
	return o
}

func fromClusterRoom(room *roomv1alpha1.ClusterRoom) object {
	o := object{
		RoomConnection: room.Spec.RoomConnection, name: room.Name, title: "ClusterRoom " + room.Name,
		apiKey: room.Spec.Auth.APIKeySecretRef, token: room.Spec.Auth.TokenSecretRef,
	}
	if room.Spec.TLS != nil {
		o.ca, o.serverName = room.Spec.TLS.CASecretRef, room.Spec.TLS.ServerName
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
	if err := t.authenticate(ctx, kube, o, c.options.AsIdentity); err != nil {
		return Target{}, fmt.Errorf("%s: %w", o.title, err)
	}
	if t.TLS, err = trust(ctx, kube, o); err != nil {
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

func trust(ctx context.Context, kube client.Reader, o object) (*tls.Config, error) {
	if o.ca == nil && o.serverName == "" {
		return nil, nil //nolint:nilnil // nil is the system's settings
	}
	config := &tls.Config{ServerName: o.serverName, MinVersion: tls.VersionTLS12}
	if o.ca == nil {
		return config, nil
	}
	pem, err := secretKey(ctx, kube, *o.ca)
	if err != nil {
		return nil, err
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("key %q of Secret %s/%s holds no PEM certificate", o.ca.Key, o.ca.Namespace, o.ca.Name)
	}
	return config, nil
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
