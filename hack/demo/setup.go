// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
)

// startCluster runs etcd, kube-apiserver and kube-controller-manager.
func (d *demo) startCluster(ctx context.Context) error {
	began := time.Now()
	dir := filepath.Join(d.dir, "kube")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	var err error
	d.cluster, err = testkube.Start(ctx, testkube.Options{
		BinDir: filepath.Join(d.root, "bin", "kube"),
		Dir:    dir,
		// The garbage collector learns of kinds that come after it only half a minute later.
		CRDPaths: []string{filepath.Join(d.root, "config", "crd", "bases")},
		Audit:    true,
	})
	if err != nil {
		return err
	}
	if d.kube, err = client.New(d.cluster.Config, client.Options{}); err != nil {
		return err
	}
	d.say.text("etcd, kube-apiserver and kube-controller-manager. There are no nodes: no pods run here.", "")
	if err := d.do(ctx, "kubectl version"); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "the API server answers")
	return nil
}

// sampleAddress is where the rooms of config/samples expect the room server.
const sampleAddress = "127.0.0.1:7345"

// startRoomServer runs the room server at the address that the samples name, or elsewhere when something else is there.
func (d *demo) startRoomServer(ctx context.Context) error {
	d.say.text("It keeps room secrets and speaks the protocol of rooms.", "")
	if err := d.do(ctx, "roomserver api-key > $DEMO/api-keys"); err != nil {
		return err
	}
	address := sampleAddress
	if _, err := freeAddress(ctx, address); err != nil {
		d.say.text("The samples name port 7345. It is taken, so the room server takes another one.")
		address = "127.0.0.1:0"
	}
	var err error
	d.roomServer, err = d.start(ctx, "roomserver",
		"roomserver serve --listen "+address+" --data $DEMO/rooms --api-key-file $DEMO/api-keys")
	if err != nil {
		return err
	}
	took, err := d.until(ctx, func(context.Context) error {
		for _, line := range d.roomServer.tail(100) {
			if ready, ok := strings.CutPrefix(line, "listening on "); ok {
				d.address = ready
				return nil
			}
		}
		return errors.New("the room server is not listening")
	})
	if err != nil {
		return err
	}
	d.say.fact(took, "listening on %s", d.address)
	return nil
}

// startOperator installs what config/default does, without the Deployment, and runs the manager with the rights of its
// service account and no others.
func (d *demo) startOperator(ctx context.Context) error {
	d.say.text("What \"kubectl apply -k config/default\" installs, except for the Deployment.", "")
	for _, line := range []string{
		"kubectl create namespace roomsecret-system",
		"kubectl apply --server-side -k config/crd",
		"kubectl apply --server-side -k config/rbac",
	} {
		if err := d.do(ctx, line); err != nil {
			return err
		}
	}
	d.say.gap()
	d.say.text("As no pods run here, the manager is a process. It gets the token of its service account, and so",
		"exactly the rights of config/rbac.", "")
	if err := d.do(ctx, "kubectl -n roomsecret-system create token roomsecret-manager --duration 24h > $DEMO/token"); err != nil {
		return err
	}
	if err := writeKubeconfig(d.cluster.Config, d.dir); err != nil {
		return err
	}
	if err := d.do(ctx, "KUBECONFIG=$DEMO/manager.kubeconfig kubectl auth whoami | awk '/^Username/ {print $2}'"); err != nil {
		return err
	}
	d.say.gap()
	return d.startManager(ctx)
}

func (d *demo) startManager(ctx context.Context) error {
	health, err := freeAddress(ctx, "127.0.0.1:0")
	if err != nil {
		return err
	}
	if d.metrics, err = freeAddress(ctx, "127.0.0.1:0"); err != nil {
		return err
	}
	d.manager, err = d.start(ctx, "manager", "manager --kubeconfig $DEMO/manager.kubeconfig \\\n"+
		"  --health-probe-bind-address "+health+" --metrics-bind-address "+d.metrics)
	if err != nil {
		return err
	}
	took, err := d.until(ctx, func(ctx context.Context) error { return ready(ctx, "http://"+health+"/readyz") })
	if err != nil {
		return err
	}
	d.say.fact(took, "the manager is ready")
	return nil
}

// writeKubeconfig writes a kubeconfig that has the token of the manager and no other credential.
func writeKubeconfig(config *rest.Config, dir string) error {
	const name = "manager"
	return clientcmd.WriteToFile(api.Config{
		Clusters:       map[string]*api.Cluster{name: {Server: config.Host, CertificateAuthorityData: config.CAData}},
		AuthInfos:      map[string]*api.AuthInfo{name: {TokenFile: filepath.Join(dir, "token")}},
		Contexts:       map[string]*api.Context{name: {Cluster: name, AuthInfo: name}},
		CurrentContext: name,
	}, filepath.Join(dir, "manager.kubeconfig"))
}

// freeAddress returns an address that nobody listens on, at the port of the one given unless it is 0.
func freeAddress(ctx context.Context, address string) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// ready returns nil when a probe succeeds.
func ready(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, response.Status)
	}
	return nil
}
