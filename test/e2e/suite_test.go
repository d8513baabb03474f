// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package e2e_test runs the operator and the room server as they are shipped: as programs, installed from config/default,
// with exactly the rights that are granted there and within the bounds of config/policy, against a real API server.
package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/onsi/gomega"
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
	// patience is how long an Eventually waits. It is a bound for a busy machine, not a measure.
	patience = time.Minute
	// namespace is where config/default installs the operator.
	namespace = "roomsecret-system"
	// serviceAccount is the identity of the manager there.
	serviceAccount = "roomsecret-manager"
)

// suite is what all tests share: a cluster in which the operator is installed, and the programs.
type suite struct {
	cluster    *testkube.Cluster
	kube       client.Client
	dir        string
	kubeconfig string
}

var shared suite

func TestMain(m *testing.M) {
	gomega.SetDefaultEventuallyTimeout(patience)
	gomega.SetDefaultEventuallyPollingInterval(100 * time.Millisecond)
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "e2e-")
	if err != nil {
		return failed(err)
	}
	defer func() { _ = os.RemoveAll(dir) }() // a folder for temporary files is cleaned by others too
	ctx := context.Background()
	if err := build(ctx, dir); err != nil {
		return failed(err)
	}
	cluster, err := testkube.Start(ctx, testkube.Options{Audit: true})
	if err != nil {
		return failed(err)
	}
	shared = suite{cluster: cluster, dir: dir, kubeconfig: filepath.Join(dir, "manager.kubeconfig")}
	code := 1
	if err := shared.install(ctx); err != nil {
		failed(err)
	} else {
		code = max(m.Run(), shared.check())
	}
	if err := cluster.Stop(); err != nil {
		return failed(err)
	}
	return code
}

func failed(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

// build builds the programs with the race detector.
func build(ctx context.Context, dir string) error {
	command := exec.CommandContext(ctx, "go", "build", "-race", "-o", dir+"/", "../../cmd/manager", "../../cmd/roomserver")
	command.Env = append(os.Environ(), "CGO_ENABLED=1")
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, output)
	}
	return nil
}

// check expects that the operator was never denied what it asked for, in any of the tests.
func (s *suite) check() int {
	denied, err := s.denied(namespace)
	if err == nil && len(denied) > 0 {
		err = fmt.Errorf("the operator was denied:\n%s", strings.Join(denied, "\n"))
	}
	if err != nil {
		return failed(err)
	}
	return 0
}

// denied returns what the service accounts of a namespace asked for and were not allowed to do, by roles or by policies. It
// is an error when they asked for nothing.
func (s *suite) denied(namespace string) ([]string, error) {
	events, err := s.cluster.AuditLog().Read()
	if err != nil {
		return nil, err
	}
	var denied []string
	asked := false
	for _, event := range events {
		if !strings.HasPrefix(event.User.Username, "system:serviceaccount:"+namespace+":") || event.ResponseStatus == nil {
			continue
		}
		asked = true
		if event.ResponseStatus.Code == http.StatusForbidden {
			denied = append(denied, fmt.Sprintf("%s %s: %s", event.Verb, event.RequestURI, event.ResponseStatus.Message))
		}
	}
	if !asked {
		return nil, fmt.Errorf("no service account of %s asked for anything", namespace)
	}
	return denied, nil
}

// install installs config/default with config/policy, as a person would, and makes a kubeconfig for the service account of the manager.
func (s *suite) install(ctx context.Context) error {
	for _, args := range [][]string{
		{"apply", "--server-side", "-k", "testdata"},
		{"wait", "--for=condition=Established", "--timeout=60s", "crd/rooms.roomsecrets.io", "crd/clusterrooms.roomsecrets.io", "crd/roomsecrets.roomsecrets.io"},
	} {
		if output, err := s.cluster.Kubectl(ctx, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("kubectl %v: %w\n%s", args, err, output)
		}
	}
	scheme := runtime.NewScheme()
	if err := clientgoscheme.AddToScheme(scheme); err != nil {
		return err
	}
	if err := roomv1alpha1.AddToScheme(scheme); err != nil {
		return err
	}
	var err error
	if s.kube, err = client.New(s.cluster.Config, client.Options{Scheme: scheme}); err != nil {
		return err
	}
	return s.writeKubeconfig(ctx, namespace, serviceAccount, s.kubeconfig)
}

// writeKubeconfig asks the API server for a token of a service account and writes a kubeconfig with it.
func (s *suite) writeKubeconfig(ctx context.Context, namespace, name, path string) error {
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	token := &authenticationv1.TokenRequest{}
	if err := s.kube.SubResource("token").Create(ctx, account, token); err != nil {
		return fmt.Errorf("ask for a token of the service account: %w", err)
	}
	config := clientcmdapi.NewConfig()
	config.Clusters["e2e"] = &clientcmdapi.Cluster{Server: s.cluster.Config.Host, CertificateAuthorityData: s.cluster.Config.CAData}
	config.AuthInfos["manager"] = &clientcmdapi.AuthInfo{Token: token.Status.Token}
	config.Contexts["e2e"] = &clientcmdapi.Context{Cluster: "e2e", AuthInfo: "manager"}
	config.CurrentContext = "e2e"
	return clientcmd.WriteToFile(*config, path)
}
