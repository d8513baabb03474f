// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// startTLS starts the room server behind TLS.
func (w *world) startTLS(settings *tls.Config) counted {
	w.t.Helper()
	registry := prometheus.NewRegistry()
	server, err := roomserver.New(roomserver.Config{APIKeys: []token.APIKey{w.apiKey}, Store: w.store, Registry: registry})
	w.Expect(err).NotTo(HaveOccurred())
	listener, err := net.Listen("tcp", w.address)
	w.Expect(err).NotTo(HaveOccurred())
	w.serve(server, tls.NewListener(listener, settings))
	return counted{w, registry}
}

func TestARoomBehindItsOwnCertificateAuthority(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	certificate, authority, _ := w.selfSigned("room.example")
	w.startTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	w.startManager()
	room := w.withRoom(func(r *roomv1alpha1.Room) { r.Spec.Endpoint = "https://" + w.address })
	w.Eventually(w.state(room)).Should(Equal("False/Unreachable"), "a certificate of nobody we trust")
	w.create(newSecret(w.ns, "ca", map[string]string{"ca.crt": authority}))
	edit(w, room, func(r *roomv1alpha1.Room) {
		r.Spec.TLS = &roomv1alpha1.RoomTLS{CASecretRef: &roomv1alpha1.SecretKeyRef{Name: "ca", Key: "ca.crt"}, ServerName: "room.example"}
	})
	w.Eventually(w.state(room)).Should(Equal(connected))
	edit(w, newSecret(w.ns, "ca", nil), func(s *corev1.Secret) { s.Data["ca.crt"] = []byte("not a certificate") })
	w.Eventually(w.state(room)).Should(Equal("False/InvalidCredential"))
}

func TestACertificateAuthorityInAConfigMap(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	certificate, authority, _ := w.selfSigned("room.example")
	w.startTLS(&tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	w.startManager()
	room := w.withRoom(func(r *roomv1alpha1.Room) {
		r.Spec.Endpoint = "wss://" + w.address
		r.Spec.TLS = &roomv1alpha1.RoomTLS{CAConfigMapRef: &roomv1alpha1.ConfigMapKeyRef{Name: "ca", Key: "ca.crt"}, ServerName: "room.example"}
	})
	w.Eventually(w.state(room)).Should(Equal("False/CredentialNotFound"))
	config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "ca"}, Data: map[string]string{"other": "x"}}
	w.create(config)
	w.Consistently(w.state(room)).Should(Equal("False/CredentialNotFound"), "there is nothing under the key")
	edit(w, config, func(c *corev1.ConfigMap) { c.Data = map[string]string{"ca.crt": authority} })
	w.Eventually(w.state(room)).Should(Equal(connected))
	edit(w, config, func(c *corev1.ConfigMap) { c.Data = map[string]string{"ca.crt": "not a certificate"} })
	w.Eventually(w.state(room)).Should(Equal("False/InvalidCredential"))
	edit(w, config, func(c *corev1.ConfigMap) {
		c.Data, c.BinaryData = nil, map[string][]byte{"ca.crt": []byte(authority)}
	})
	w.Eventually(w.state(room)).Should(Equal(connected))
	w.remove(config)
	w.Eventually(w.state(room)).Should(Equal("False/CredentialNotFound"))
}

func TestARoomThatAsksWhoConnects(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	certificate, authority, _ := w.selfSigned("room.example")
	_, first, firstKey := w.selfSigned("operator")
	_, second, secondKey := w.selfSigned("operator")
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM([]byte(first + second))
	server := w.startTLS(&tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12,
		ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	})
	w.startManager()
	w.create(newSecret(w.ns, "ca", map[string]string{"ca.crt": authority}))
	room := w.withRoom(func(r *roomv1alpha1.Room) {
		r.Spec.Endpoint = "wss://" + w.address
		r.Spec.TLS = &roomv1alpha1.RoomTLS{CASecretRef: &roomv1alpha1.SecretKeyRef{Name: "ca", Key: "ca.crt"}, ServerName: "room.example"}
	})
	w.Eventually(w.state(room)).Should(Equal("False/Unreachable"), "who connects without a certificate is not let in")
	edit(w, room, func(r *roomv1alpha1.Room) {
		r.Spec.TLS.ClientCertSecretRef = &roomv1alpha1.LocalSecretRef{Name: "client"}
	})
	w.Eventually(w.state(room)).Should(Equal("False/CredentialNotFound"))

	pair := newSecret(w.ns, "client", map[string]string{"tls.crt": first, "tls.key": firstKey})
	pair.Type = corev1.SecretTypeTLS
	w.create(pair)
	w.Eventually(w.state(room)).Should(Equal(connected))
	push := w.newPush("push", []string{"a"})
	w.create(newSecret(w.ns, "source", map[string]string{"a": "one"}), push)
	w.settled(push)

	testimony, stop := w.witness(), w.hammer(push)
	edit(w, pair, func(s *corev1.Secret) {
		s.Data["tls.crt"], s.Data["tls.key"] = []byte(second), []byte(secondKey)
	})
	w.Eventually(server.came).Should(Equal(2.0), "a renewed certificate is shown")
	w.Eventually(server.inside).Should(Equal(1.0))
	stop()
	w.settled(push)
	w.Expect(testimony()).To(Equal([]string{"Ready=" + inSync}))

	edit(w, pair, func(s *corev1.Secret) { s.Data["tls.key"] = []byte(firstKey) })
	w.Eventually(w.state(room)).Should(Equal("False/InvalidCredential"), "a key that is not that of the certificate")
	w.Expect(w.condition(room, roomv1alpha1.ConditionReady).Message).To(ContainSubstring("tls.clientCertSecretRef"))
}

// selfSigned returns a certificate for a name, and its authority, which is itself, and its key in PEM.
func (w *world) selfSigned(name string) (certificate tls.Certificate, authority, private string) {
	w.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.Expect(err).NotTo(HaveOccurred())
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	w.Expect(err).NotTo(HaveOccurred())
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	w.Expect(err).NotTo(HaveOccurred())
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key},
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})),
		string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}))
}
