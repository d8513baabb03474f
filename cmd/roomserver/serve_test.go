// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// join connects to a server and returns the socket once it has been let in.
func join(t *testing.T, url string, dialer websocket.Dialer) *websocket.Conn {
	t.Helper()
	socket, response, err := dialer.DialContext(t.Context(), url, nil)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = socket.Close() })
	if err := socket.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		receive(t, socket)
	}
	return socket
}

func receive(t *testing.T, socket *websocket.Conn) protocol.Message {
	t.Helper()
	var assembler protocol.Assembler
	for {
		_, packet, err := socket.ReadMessage()
		if err != nil {
			t.Fatal(err)
		}
		message, complete, err := assembler.Add(packet)
		if err != nil {
			t.Fatal(err)
		}
		if complete {
			return message
		}
	}
}

func call(t *testing.T, socket *websocket.Conn, tool string, input protocol.Content) protocol.Content {
	t.Helper()
	data, err := protocol.PackInvoke(protocol.Invoke{Toolkit: protocol.Toolkit, Tool: tool, Input: input})
	if err != nil {
		t.Fatal(err)
	}
	for packet := range (protocol.Message{Type: protocol.TypeInvokeTool, Data: data}).Packets() {
		if err := socket.WriteMessage(websocket.BinaryMessage, packet); err != nil {
			t.Fatal(err)
		}
	}
	content, err := protocol.UnpackContent(receive(t, socket).Data)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

func TestServePrintsOneLineAndEndsWhenInterrupted(t *testing.T) {
	t.Parallel()
	s := start(t, "--in-memory", "--api-key-file", keyFile(t))
	host, port, err := net.SplitHostPort(s.address)
	if err != nil || host != "127.0.0.1" || port == "0" {
		t.Errorf("address %q, %v", s.address, err)
	}
	code, stdout, stderr := s.stop()
	if code != exitOK || stdout != "listening on "+s.address+"\n" {
		t.Errorf("exit %d, standard output %q, standard error:\n%s", code, stdout, stderr)
	}
}

func TestServeKeepsSecretsInADirectory(t *testing.T) {
	t.Parallel()
	keys, dir := keyFile(t), filepath.Join(t.TempDir(), "rooms")
	value := []byte("a value nobody may find")
	args := []string{"--data", dir, "--api-key-file", keys, "--rooms", "myroom,other"}
	first := start(t, args...)
	url := "ws://" + first.address + "/rooms/myroom?token=" + mint(t, keys)
	set := protocol.Binary{Headers: []byte(`{"secret_id":"s"}`), Data: value}
	got := call(t, join(t, url, websocket.Dialer{}), protocol.ToolSetSecret, set)
	if _, ok := got.(protocol.Empty); !ok {
		t.Errorf("set: %+v", got)
	}
	if code, _, stderr := first.stop(); code != exitOK {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	content, err := os.ReadFile(filepath.Join(dir, "rooms.db"))
	if err != nil || bytes.Contains(content, value) {
		t.Errorf("the value is in the data file, or %v", err)
	}

	second := start(t, args...)
	url = "ws://" + second.address + "/rooms/myroom?token=" + mint(t, keys)
	got = call(t, join(t, url, websocket.Dialer{}), protocol.ToolGetSecret, protocol.JSON{Value: []byte(`{"secret_id":"s"}`)})
	if file, ok := got.(protocol.File); !ok || !bytes.Equal(file.Data, value) {
		t.Errorf("get after a restart: %+v", got)
	}
	if _, _, stderr := second.stop(); strings.Contains(stderr, "token=") {
		t.Errorf("the log holds a query:\n%s", stderr)
	}
}

func TestServeWithRoomsKnowsNoOthers(t *testing.T) {
	t.Parallel()
	keys := keyFile(t)
	s := start(t, "--in-memory", "--api-key-file", keys, "--rooms", "other")
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+s.address+"/rooms/myroom?token="+mint(t, keys), nil)
	if err == nil || response == nil || response.StatusCode != http.StatusNotFound {
		t.Errorf("joined a room that is not there: %v", err)
	}
	if response != nil {
		_ = response.Body.Close()
	}
}

func TestServeWritesDownOperationsWhereItIsTold(t *testing.T) {
	t.Parallel()
	keys, file := keyFile(t), filepath.Join(t.TempDir(), "audit.log")
	for flag, inLog := range map[string]bool{file: false, "stderr": true, "none": false} {
		s := start(t, "--in-memory", "--api-key-file", keys, "--audit-log", flag)
		call(t, join(t, "ws://"+s.address+"/rooms/myroom?token="+mint(t, keys), websocket.Dialer{}), protocol.ToolListSecrets, protocol.Empty{})
		_, _, stderr := s.stop()
		if strings.Contains(stderr, "tool=list_secrets") != inLog {
			t.Errorf("--audit-log %s: standard error:\n%s", flag, stderr)
		}
	}
	content, err := os.ReadFile(file)
	if err != nil || strings.Count(string(content), "\n") != 1 || !strings.Contains(string(content), `"tool":"list_secrets"`) {
		t.Errorf("the audit log holds %s, %v", content, err)
	}
	if about, err := os.Stat(file); err != nil || about.Mode().Perm() != 0o600 {
		t.Errorf("the audit log: %v, %v", about, err)
	}
}

func TestServeMisbehavesWhenTold(t *testing.T) {
	t.Parallel()
	keys := keyFile(t)
	s := start(t, "--in-memory", "--api-key-file", keys, "--fault", "refuse=503,times=1", "--fault", "delay=1ms,tool=exists")
	url := "ws://" + s.address + "/rooms/myroom?token=" + mint(t, keys)
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), url, nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("joined: %v", err)
	}
	if response != nil {
		_ = response.Body.Close()
	}
	join(t, url, websocket.Dialer{})
	if _, _, stderr := s.stop(); !strings.Contains(stderr, "MISBEHAVES") {
		t.Errorf("standard error:\n%s", stderr)
	}
}

func TestServeOverTLSTakesUpANewCertificate(t *testing.T) {
	t.Parallel()
	keys, dir := keyFile(t), t.TempDir()
	cert, key := filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")
	writePair(t, cert, key, "first", time.Now().Add(-time.Hour))
	s := start(t, "--in-memory", "--api-key-file", keys, "--tls-cert", cert, "--tls-key", key)
	if got := servedName(t, s.address); got != "first" {
		t.Errorf("certificate of %q", got)
	}
	if err := os.WriteFile(key, []byte("half written"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := servedName(t, s.address); got != "first" {
		t.Errorf("certificate of %q while the files are being replaced", got)
	}
	writePair(t, cert, key, "second", time.Now())
	if got := servedName(t, s.address); got != "second" {
		t.Errorf("certificate of %q after the files were replaced", got)
	}
	dialer := websocket.Dialer{TLSClientConfig: insecure()}
	join(t, "wss://"+s.address+"/rooms/myroom?token="+mint(t, keys), dialer)
	if code, _, stderr := s.stop(); code != exitOK || !strings.Contains(stderr, "keep using the old TLS certificate") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

// insecure is for a certificate made on the spot.
func insecure() *tls.Config { return &tls.Config{InsecureSkipVerify: true} }

func servedName(t *testing.T, address string) string {
	t.Helper()
	connection, err := (&tls.Dialer{Config: insecure()}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	secure, ok := connection.(*tls.Conn)
	if !ok {
		t.Fatal("no TLS")
	}
	return secure.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// writePair writes a self-signed pair whose files carry the given time: file systems with coarse time stamps must
// not hide a change.
func writePair(t *testing.T, cert, key, name string, changed time.Time) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}
	signed, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		cert: {Type: "CERTIFICATE", Bytes: signed}, key: {Type: "PRIVATE KEY", Bytes: encoded},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
}
