// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package cluster connects to the API server that the flags of a kubectl command name.
package cluster

import (
	"errors"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Connect returns a client and the namespace to work in. The API server is not asked anything yet.
func Connect(flags *genericclioptions.ConfigFlags) (kube client.WithWatch, namespace string, err error) {
	if err := configured(flags); err != nil {
		return nil, "", err
	}
	namespace, _, err = flags.ToRawKubeConfigLoader().Namespace()
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	config, err := flags.ToRESTConfig()
	if err != nil {
		return nil, "", fmt.Errorf("read the kubeconfig: %w", err)
	}
	scheme, err := Scheme()
	if err != nil {
		return nil, "", err
	}
	kube, err = client.NewWithWatch(config, client.Options{Scheme: scheme})
	if err != nil {
		return nil, "", fmt.Errorf("connect to the API server: %w", err)
	}
	return kube, namespace, nil
}

// In adds to the error that there is no such object where it was looked for, which API servers do not say.
func In(namespace string, err error) error {
	if !apierrors.IsNotFound(err) {
		return err
	}
	return fmt.Errorf("%w in namespace %q", err, namespace)
}

// ErrNoCluster says that nothing tells which API server is meant.
var ErrNoCluster = errors.New("there is no kubeconfig with a cluster in it")

// configured fails where kubectl's libraries would fall back to an API server on this machine.
func configured(flags *genericclioptions.ConfigFlags) error {
	config, err := flags.ToRawKubeConfigLoader().RawConfig()
	if err != nil {
		return fmt.Errorf("read the kubeconfig: %w", err)
	}
	_, err = rest.InClusterConfig()
	if len(config.Clusters) == 0 && *flags.APIServer == "" && errors.Is(err, rest.ErrNotInCluster) {
		return ErrNoCluster
	}
	return nil
}

// Scheme knows the kinds that the commands look at.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return nil, err
	}
	return scheme, roomv1alpha1.AddToScheme(scheme)
}
