// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"context"
	"errors"
	"fmt"
	"testing"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

const (
	// Namespace is where config/default installs the operator.
	Namespace = "roomsecret-system"
	// ServiceAccount is the identity of the manager there.
	ServiceAccount = "roomsecret-manager"
)

// Installation is a cluster in which the operator is installed.
type Installation struct {
	Cluster *testkube.Cluster
	// Kube is a client of the administrator.
	Kube client.Client
}

// Install installs config/default with config/policy, as a person would.
func Install(ctx context.Context, cluster *testkube.Cluster) (*Installation, error) {
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", "../programs/testdata"},
		{"wait", "--for=condition=Established", "--timeout=60s", "crd/rooms.roomsecrets.io", "crd/clusterrooms.roomsecrets.io", "crd/roomsecrets.roomsecrets.io"},
	} {
		if output, err := cluster.Kubectl(ctx, args...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("kubectl %v: %w\n%s", args, err, output)
		}
	}
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), roomv1alpha1.AddToScheme(scheme)); err != nil {
		return nil, err
	}
	kube, err := client.New(cluster.Config, client.Options{Scheme: scheme})
	return &Installation{Cluster: cluster, Kube: kube}, err
}

// WriteKubeconfig asks the API server for a token of a service account and writes a kubeconfig with it, for the API server at
// a URL.
func (i *Installation) WriteKubeconfig(ctx context.Context, namespace, name, url, path string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	token := &authenticationv1.TokenRequest{}
	if err := i.Kube.SubResource("token").Create(ctx, account, token); err != nil {
		return fmt.Errorf("ask for a token of the service account: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["test"] = &clientcmdapi.Cluster{Server: url, CertificateAuthorityData: i.Cluster.Config.CAData}
	config.AuthInfos["manager"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["test"] = &clientcmdapi.Context{Cluster: "test", AuthInfo: "manager"}
	config.CurrentContext = "test"
	return clientcmd.WriteToFile(*config, path)
}

// StartManager starts a replica with a kubeconfig, and more flags. Its probes and metrics are at the addresses.
func StartManager(t *testing.T, dir, kubeconfig, health, metrics string, flags ...string) *Program {
	t.Helper()
	return Start(t, dir+"/manager", append(flags, "--kubeconfig", kubeconfig, "--namespace", Namespace,
		"--health-probe-bind-address", health, "--metrics-bind-address", metrics)...)
}
