// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"fmt"
	"path/filepath"
)

// containerdConfig never asks for what only a machine's own root may do: a negative score for the killer of processes
// that use too much memory, and a profile of AppArmor.
const containerdConfig = `version = 2
root = "` + state + `/containerd"
state = "` + state + `/containerd-state"
[grpc]
  address = "` + state + `/containerd.sock"
[ttrpc]
  address = "` + state + `/containerd.sock.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "` + state + `/opt"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "%s"
  disable_apparmor = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "` + networkPlugins + `"
    conf_dir = "` + state + `/cni"
`

// networkConfig routes between pods. A bridge would have them answer each other past the node, which then could not
// translate the addresses of services back.
const networkConfig = `{
  "cniVersion": "0.4.0",
  "name": "pods",
  "plugins": [
    {
      "type": "ptp",
      "ipMasq": false,
      "ipam": {
        "type": "host-local",
        "dataDir": "` + state + `/cni-addresses",
        "ranges": [[{"subnet": "` + podNetwork + `"}]],
        "routes": [{"dst": "0.0.0.0/0"}]
      }
    },
    {"type": "portmap", "capabilities": {"portMappings": true}}
  ]
}
`

// startContainerd returns when containerd answers.
func (n *node) startContainerd(ctx context.Context) error {
	if _, err := write("cni/10-pods.conflist", networkConfig); err != nil {
		return err
	}
	config, err := write("containerd.toml", fmt.Sprintf(containerdConfig, n.PauseImage))
	if err != nil {
		return err
	}
	if err := n.launch("containerd", "--config", config); err != nil {
		return err
	}
	return poll(ctx, func() error {
		_, err := ctr(ctx, "version")
		return err
	})
}

// importImages makes the images known to the kubelet.
func (n *node) importImages(ctx context.Context) error {
	for _, image := range n.Images {
		if _, err := ctr(ctx, "--namespace", "k8s.io", "images", "import", image); err != nil {
			return err
		}
	}
	return nil
}

func ctr(ctx context.Context, args ...string) (string, error) {
	return command(ctx, "ctr", append([]string{"--address", file("containerd.sock")}, args...)...)
}

// kubeletConfig lets everybody on the node do everything: nobody else can reach it. A mounted Secret follows within
// seconds, where the default is a minute and more.
const kubeletConfig = `apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
authentication: {anonymous: {enabled: true}, webhook: {enabled: false}}
authorization: {mode: AlwaysAllow}
cgroupDriver: cgroupfs
cgroupRoot: /%s
failCgroupV1: false
failSwapOn: false
enforceNodeAllocatable: []
containerRuntimeEndpoint: unix://` + state + `/containerd.sock
resolvConf: ""
syncFrequency: 5s
podLogsDir: /var/log/pods
volumePluginDir: ` + state + `/volume-plugins
evictionHard: {memory.available: 50Mi, nodefs.available: 1%%, imagefs.available: 1%%}
imageGCHighThresholdPercent: 99
imageGCLowThresholdPercent: 98
`

// startKubelet returns when the node is ready for pods.
func (n *node) startKubelet(ctx context.Context) error {
	config, err := write("kubelet.yaml", fmt.Sprintf(kubeletConfig, n.ControlGroup))
	if err != nil {
		return err
	}
	if err := n.launch(filepath.Join(n.Node, "kubelet"), "--config", config, "--kubeconfig", n.kubeconfig("system:node:"+nodeName),
		"--root-dir", file("kubelet"), "--cert-dir", file("kubelet-pki"), "--hostname-override", nodeName, "--node-ip", nodeIP); err != nil {
		return err
	}
	return poll(ctx, func() error {
		_, err := n.kubectl(ctx, "wait", "--for=condition=Ready", "--timeout=10s", "node/"+nodeName)
		return err
	})
}
