// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"os"
	"path/filepath"
)

// auditPolicy records who did what, never a body: an audit log must not be a copy of all secrets.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

// proxyConfig leaves alone what is a setting of the whole machine.
const proxyConfig = `apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clusterCIDR: ` + podNetwork + `
hostnameOverride: ` + nodeName + `
clientConnection: {kubeconfig: ` + state + `/system-kube-proxy.kubeconfig}
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
`

const etcdURL = "http://127.0.0.1:2379"

// startControlPlane returns when the API server is ready and namespaces are filled with what every pod needs.
func (n *node) startControlPlane(ctx context.Context) error {
	policy, err := write("audit-policy.yaml", auditPolicy)
	if err != nil {
		return err
	}
	proxy, err := write("kube-proxy.yaml", proxyConfig)
	if err != nil {
		return err
	}
	if err := n.launch(filepath.Join(n.ControlPlane, "etcd"),
		"--data-dir", file("etcd"), "--listen-client-urls", etcdURL, "--advertise-client-urls", etcdURL,
		"--unsafe-no-fsync", "--log-level", "warn"); err != nil {
		return err
	}
	if err := n.startAPIServer(ctx, policy); err != nil {
		return err
	}
	controllers := n.kubeconfig("system:kube-controller-manager")
	if err := n.launch(filepath.Join(n.ControlPlane, "kube-controller-manager"),
		"--kubeconfig", controllers, "--authentication-kubeconfig", controllers, "--authorization-kubeconfig", controllers,
		"--leader-elect=false", "--bind-address", "127.0.0.1", "--use-service-account-credentials",
		"--service-account-private-key-file", file("service-accounts.key"), "--root-ca-file", file("pki/apiserver.crt")); err != nil {
		return err
	}
	scheduler := n.kubeconfig("system:kube-scheduler")
	if err := n.launch(filepath.Join(n.Node, "kube-scheduler"),
		"--kubeconfig", scheduler, "--authentication-kubeconfig", scheduler, "--authorization-kubeconfig", scheduler,
		"--leader-elect=false", "--bind-address", "127.0.0.1"); err != nil {
		return err
	}
	if err := n.launch(filepath.Join(n.Node, "kube-proxy"), "--config", proxy); err != nil {
		return err
	}
	return poll(ctx, func() error {
		_, err := n.kubectl(ctx, "get", "serviceaccount", "default")
		return err
	})
}

func (n *node) startAPIServer(ctx context.Context, auditPolicy string) error {
	audit := filepath.Join(n.Logs, AuditFile)
	if err := os.RemoveAll(audit); err != nil { // the API server would append to that of an earlier node
		return err
	}
	if err := n.launch(filepath.Join(n.ControlPlane, "kube-apiserver"),
		"--etcd-servers", etcdURL, "--bind-address", "0.0.0.0", "--secure-port", "6443", "--advertise-address", nodeIP,
		"--cert-dir", file("pki"), "--service-cluster-ip-range", serviceNetwork, "--kubelet-preferred-address-types", "InternalIP",
		"--authorization-mode", "Node,RBAC", "--enable-admission-plugins", "NodeRestriction", "--token-auth-file", file("tokens.csv"),
		"--service-account-issuer", "https://kubernetes.default.svc", "--service-account-key-file", file("service-accounts.key"),
		"--service-account-signing-key-file", file("service-accounts.key"), "--profiling=false",
		"--audit-policy-file", auditPolicy, "--audit-log-path", audit,
		"--audit-log-mode", "blocking", "--audit-log-maxsize", "1000"); err != nil {
		return err
	}
	return poll(ctx, func() error {
		_, err := n.kubectl(ctx, "get", "--raw", "/readyz")
		return err
	})
}
