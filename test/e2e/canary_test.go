// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/roomsecrets/roomsecret-operator/test/programs"
)

// canaries are values that nobody may tell. Each is one that no text has by accident.
var canaries = []string{
	"canary-pushed-8d1f", "canary-no-object-2b7c", "canary-no-credential-91e4", "canary-rotated-c05a", "canary-tampered-f37d",
}

// wrong are manifests that fail in every way in which a value, a key or a token is at hand.
const wrong = `
apiVersion: v1
kind: Secret
metadata: {name: canary}
stringData: {plain: "%[2]s", object: "{%[3]s"}
---
apiVersion: v1
kind: Secret
metadata: {name: no-credential}
stringData: {api-key: "%[4]s", unknown: "%[5]s", elsewhere: "%[6]s"}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: no-credential}
spec: {endpoint: "ws://%[1]s", auth: {apiKeySecretRef: {name: no-credential, key: api-key}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: unknown}
spec: {endpoint: "ws://%[1]s", auth: {apiKeySecretRef: {name: no-credential, key: unknown}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: Room
metadata: {name: elsewhere}
spec: {endpoint: "ws://%[1]s", auth: {tokenSecretRef: {name: no-credential, key: elsewhere}}}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: canary-push}
spec:
  roomRef: {name: support}
  push:
    secretRef: {name: canary}
    entries:
    - {name: canary-plain, key: plain}
    - {name: canary-object, key: object}
    - {name: no-key, template: "{{ .plain }}{{ .nothing }}"}
    - {name: no-object, template: "{{ .object | fromJson }}"}
    - {name: no-base64, template: "{{ .plain | b64dec }}"}
---
apiVersion: roomsecrets.io/v1alpha1
kind: RoomSecret
metadata: {name: canary-pull}
spec:
  roomRef: {name: support}
  pull:
    entries:
    - {key: plain, id: canary-plain}
    - {key: base64, id: canary-plain, decode: Base64}
    - {key: object, id: canary-object, extract: JSON}
    - {key: dotenv, id: canary-object, extract: Dotenv}
    template: {data: {made: "{{ .plain | fromJson }}"}}
`

// TestNobodyTellsASecret looks for values, keys and tokens in everything that the programs say, in the log at its most
// talkative, while a lot goes wrong.
func TestNobodyTellsASecret(t *testing.T) {
	server := startRoomServer(t)
	m := startManager(t, "--zap-log-level=7")
	u := newUser(t, server)
	u.ready()
	unknown, err := exec.Command(filepath.Join(shared.dir, "roomserver"), "api-key").Output()
	u.Expect(err).NotTo(HaveOccurred())
	unknownKey, elsewhere := strings.TrimSpace(string(unknown)), server.Token("agent", "another")
	u.apply(fmt.Sprintf(wrong, server.Address, canaries[0], canaries[1], canaries[2], unknownKey, elsewhere))
	for object, reason := range map[string]string{
		"room/no-credential": "InvalidCredential", "room/unknown": "Unauthorized", "room/elsewhere": "Forbidden",
		"rmsec/canary-push": "InvalidTemplate", "rmsec/canary-pull": "InvalidValue",
	} {
		u.kubectl("wait", `--for=jsonpath={.status.conditions[?(@.type=="Ready")].reason}=`+reason, "--timeout="+patience.String(), object)
	}
	server.Stop()
	u.kubectl("wait", "--for=condition=Ready=false", "--timeout="+patience.String(), "rooms/support")
	u.kubectl("patch", "secret", "source", "-p", `{"stringData":{"apiKey":"`+canaries[3]+`"}}`)
	server.Run()
	u.Eventually(u.pulled).Should(Equal(canaries[3]))
	u.tamper(canaries[4])
	u.Eventually(u.held("")).Should(Equal(canaries[3]))
	u.kubectl("delete", "rmsec", "--all", "--timeout="+patience.String())

	requests, err := shared.Cluster.AuditLog().Read()
	u.Expect(err).NotTo(HaveOccurred())
	audit, err := json.Marshal(requests)
	u.Expect(err).NotTo(HaveOccurred())
	secrets := append([]string{server.APIKey(), unknownKey, elsewhere}, canaries...)
	for where, text := range map[string]string{
		"the log of the operator":    m.Output(),
		"the log of the room server": server.Output(),
		"the events":                 u.kubectl("get", "events", "-o", "yaml"),
		"the rooms":                  u.kubectl("get", "rooms", "-o", "yaml"),
		"the metrics":                m.scrape(u, u.metricsToken()),
		"the audit log":              string(audit),
	} {
		u.Expect(text).NotTo(BeEmpty(), where)
		for i, secret := range secrets {
			u.Expect(programs.Shows(text, secret)).To(BeFalse(), "%s has secret %d", where, i)
		}
		if where != "the audit log" { // kubectl asks there for a token
			u.Expect(programs.Shows(text, `{"alg":"HS256"`)).To(BeFalse(), "%s has a token", where)
		}
	}
}
