// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package testnode

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"

	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// users are who talks to the API server, and their groups.
func users() map[string][]string {
	return map[string][]string{
		"admin":                          {"system:masters"},
		"system:kube-controller-manager": nil,
		"system:kube-scheduler":          nil,
		"system:kube-proxy":              nil,
		"system:node:" + nodeName:        {"system:nodes"},
	}
}

// makeCredentials makes the key that service account tokens are signed with, and a kubeconfig for each user. The API
// server makes its certificate itself.
func (n *node) makeCredentials(context.Context) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	block := &pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}
	if _, err := write("service-accounts.key", string(pem.EncodeToMemory(block))); err != nil {
		return err
	}
	var tokens strings.Builder
	for user, groups := range users() {
		token := rand.Text()
		fmt.Fprintf(&tokens, "%s,%s,%s,%q\n", token, user, user, strings.Join(groups, ","))
		if user == "admin" {
			n.admin = token
		}
		if err := n.writeKubeconfig(user, token); err != nil {
			return err
		}
	}
	_, err = write("tokens.csv", tokens.String())
	return err
}

func (n *node) writeKubeconfig(user, token string) error {
	config := clientcmdapi.NewConfig()
	config.Clusters[nodeName] = &clientcmdapi.Cluster{Server: "https://" + nodeIP + ":6443", CertificateAuthority: file("pki/apiserver.crt")}
	config.AuthInfos[user] = &clientcmdapi.AuthInfo{Token: token}
	config.Contexts[nodeName] = &clientcmdapi.Context{Cluster: nodeName, AuthInfo: user}
	config.CurrentContext = nodeName
	return clientcmd.WriteToFile(*config, n.kubeconfig(user))
}

// kubeconfig is the path of the kubeconfig of a user.
func (n *node) kubeconfig(user string) string {
	return file(strings.ReplaceAll(user, ":", "-") + ".kubeconfig")
}
