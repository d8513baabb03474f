// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net/http/httptest"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// The server has a certificate of an authority of its own, and asks for one.
func TestARoomObjectHasTheCertificates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	handler, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{w.key}, Store: w.store})
	w.Expect(err).NotTo(HaveOccurred())
	server := httptest.NewUnstartedServer(handler)
	server.TLS = &tls.Config{ClientAuth: tls.RequireAnyClientCert, MinVersion: tls.VersionTLS12}
	server.StartTLS()
	t.Cleanup(func() {
		_ = handler.Close()
		server.Close()
	})
	authority := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}))
	certificate, key := w.newCertificate()
	room := &roomv1alpha1.Room{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "inside"},
		Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: server.URL, TokenSource: roomv1alpha1.TokenSourceConnect},
			Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "meshagent", Key: "api-key"}},
			TLS: &roomv1alpha1.RoomTLS{
				CAConfigMapRef:      &roomv1alpha1.ConfigMapKeyRef{Name: "ca", Key: "ca.crt"},
				ClientCertSecretRef: &roomv1alpha1.LocalSecretRef{Name: "client"},
			},
		},
	}
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "ca"}, Data: map[string]string{"ca.crt": authority}}
	w.create(room)
	w.Expect(w.kubectl("secret", "list", "--room", "inside").Stderr).To(ContainSubstring(`"ca" not found`))
	w.create(config)
	w.Expect(w.kubectl("secret", "list", "--room", "inside").Stderr).To(ContainSubstring(`"client" not found`))
	w.create(w.secret("client", map[string]string{"tls.crt": certificate, "tls.key": key}))
	w.Expect(w.kubectl("secret", "set", "--room", "inside", "--id", "a", "--text", "b").Stderr).To(Equal("Stored 1 bytes\n"))

	// The operator has said who the service makes it.
	room.Status.Identity = "key-1"
	w.Expect(w.kube.Status().Update(t.Context(), room)).To(Succeed())
	w.Expect(w.kubectl("secret", "set", "--room", "inside", "--id", "a", "--text", "b").Stderr).To(Equal("Stored 1 bytes\n"))
	for _, owner := range []string{roomv1alpha1.DefaultParticipantName, "key-1"} {
		_, err := w.store.Get(t.Context(), store.Key{Room: "inside", Owner: owner, ID: "a"})
		w.Expect(err).NotTo(HaveOccurred(), owner)
	}
}

// newCertificate returns a certificate and its key in PEM.
func (w *world) newCertificate() (certificate, private string) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	w.Expect(err).NotTo(HaveOccurred())
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	w.Expect(err).NotTo(HaveOccurred())
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}
