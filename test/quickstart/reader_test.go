// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package quickstart_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// namespace is where the pages install the operator.
const namespace = "roomsecret-system"

// reader is somebody who reads a page, with a clone of the repository, a terminal and a cluster.
type reader struct {
	t       *testing.T
	cluster *testkube.Cluster
	shell   *shell
	dir     string // the clone, or what is needed of it
	address string // of the room server
}

func newReader(t *testing.T) *reader {
	t.Helper()
	r := &reader{t: t, cluster: newCluster(t), dir: t.TempDir(), address: freeAddress(t)}
	for _, dir := range []string{"charts", "config"} {
		r.must(os.CopyFS(filepath.Join(r.dir, dir), os.DirFS(filepath.Join(root, dir))))
	}
	sample := filepath.Join(r.dir, "config", "samples", "room.yaml")
	content, err := os.ReadFile(sample)
	r.must(err)
	r.must(os.WriteFile(sample, bytes.ReplaceAll(content, []byte("127.0.0.1:7345"), []byte(r.address)), 0o600))
	home := t.TempDir()
	path := []string{binDir, helmDir(t), filepath.Dir(r.cluster.Kubectl(t.Context()).Path), os.Getenv("PATH")}
	r.shell = newShell(t, r.dir, []string{
		"PATH=" + strings.Join(path, string(os.PathListSeparator)), "HOME=" + home, "KUBECONFIG=" + r.cluster.Kubeconfig,
	})
	return r
}

func (r *reader) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// startRoomServer runs the room server as the container of a StatefulSet would, or, without one, as a person would who
// puts the API key into the file api-key.
func (r *reader) startRoomServer(statefulSet string) {
	r.t.Helper()
	keys := filepath.Join(r.dir, "api-key")
	args := []string{"serve"}
	if statefulSet == "" {
		r.shell.run("(umask 077; roomserver api-key > api-key)")
	} else {
		args = r.arguments("statefulset/" + statefulSet)
		var secret corev1.Secret
		r.get(&secret, "secret/roomserver-api-key")
		keys = filepath.Join(r.t.TempDir(), "api-key")
		r.must(os.WriteFile(keys, secret.Data["api-key"], 0o600))
	}
	ready := r.start("roomserver", append(args, "--listen="+r.address, "--data="+r.t.TempDir(), "--api-key-file="+keys)...)
	select {
	case <-ready:
	case <-time.After(time.Minute): // a bound for a busy machine, not a measure
		r.t.Fatal("the room server does not start")
	}
}

// startManager runs the manager as the container of a Deployment would, with the rights of its service account.
func (r *reader) startManager(deployment, serviceAccount string) {
	r.t.Helper()
	token, err := output(r.t.Context(), r.cluster, "-n", namespace, "create", "token", serviceAccount)
	r.must(err)
	config := clientcmdapi.NewConfig()
	config.Clusters["this"] = &clientcmdapi.Cluster{Server: r.cluster.Config.Host, CertificateAuthorityData: r.cluster.Config.CAData}
	config.AuthInfos["manager"] = &clientcmdapi.AuthInfo{Token: strings.TrimSpace(string(token))}
	config.Contexts["this"] = &clientcmdapi.Context{Cluster: "this", AuthInfo: "manager"}
	config.CurrentContext = "this"
	kubeconfig := filepath.Join(r.t.TempDir(), "kubeconfig")
	r.must(clientcmd.WriteToFile(*config, kubeconfig))
	r.start("manager", append(r.arguments("deployment/"+deployment), "--kubeconfig="+kubeconfig, "--namespace="+namespace,
		"--health-probe-bind-address="+freeAddress(r.t), "--metrics-bind-address="+freeAddress(r.t))...)
}

// arguments are those of the first container of a workload.
func (r *reader) arguments(workload string) []string {
	r.t.Helper()
	var object struct {
		Spec struct{ Template corev1.PodTemplateSpec }
	}
	r.get(&object, workload)
	return object.Spec.Template.Spec.Containers[0].Args
}

// get reads an object of the namespace of the operator.
func (r *reader) get(object any, name string) {
	r.t.Helper()
	content, err := output(r.t.Context(), r.cluster, "-n", namespace, "get", name, "-o", "json")
	r.must(err)
	r.must(json.Unmarshal(content, object))
}

// firstWord closes a channel when something is written, and keeps all of it.
type firstWord struct {
	text    bytes.Buffer
	written chan struct{}
}

func (w *firstWord) Write(p []byte) (int, error) {
	if w.text.Len() == 0 {
		close(w.written)
	}
	return w.text.Write(p)
}

// start runs a program until the test ends, and shows what it wrote if the test fails. The channel is closed when it
// prints something to standard output.
func (r *reader) start(name string, args ...string) <-chan struct{} {
	r.t.Helper()
	cmd := exec.Command(filepath.Join(binDir, name), args...)
	stdout := &firstWord{written: make(chan struct{})}
	var stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = stdout, &stderr
	r.must(cmd.Start())
	r.t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		err := cmd.Wait()
		if r.t.Failed() {
			r.t.Logf("%s: %v\n%s%s", name, err, &stdout.text, &stderr)
		}
	})
	return stdout.written
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}
