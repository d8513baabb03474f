// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

//go:build linux

package node_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"

	"github.com/roomsecrets/roomsecret-operator/internal/testnode"
)

// denials tells which requests of a service account the API server has refused for want of a right, or because of a policy.
// It refuses others as well: nothing can be made in a namespace that is being deleted.
func (s *suite) denials(serviceAccount string) error {
	user := "system:serviceaccount:" + system + ":" + serviceAccount
	file, err := os.Open(filepath.Join(s.logs, testnode.AuditFile))
	if err != nil {
		return err
	}
	defer file.Close()
	var denied error
	asked := 0
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var event auditv1.Event
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("audit log: %w", err)
		}
		if event.User.Username != user || event.ResponseStatus == nil {
			continue
		}
		asked++
		if event.ResponseStatus.Code == 401 || event.Annotations["authorization.k8s.io/decision"] == "forbid" ||
			strings.Contains(event.ResponseStatus.Message, "ValidatingAdmissionPolicy") {
			denied = errors.Join(denied, fmt.Errorf("the operator was denied %s %s: %s", event.Verb, event.RequestURI, event.ResponseStatus.Message))
		}
	}
	if asked == 0 {
		denied = errors.New("the audit log knows of no request of the operator")
	}
	return errors.Join(denied, lines.Err())
}

// secrets are parts of all values that the tests use.
func (s *suite) secrets() []string {
	return []string{"fake-stripe-key", "fake-webhook-secret", "fake-db-password", s.apiKey.Encode()}
}

// leaks tells which values are in the logs of the operator and the room server, those of replaced pods among them, and in
// those of the node.
func (s *suite) leaks() error {
	files, err := filepath.Glob("/var/log/pods/*/*/*.log")
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("there are no logs of pods")
	}
	files = append(files, filepath.Join(s.logs, testnode.AuditFile))
	var found error
	for _, name := range files {
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, value := range s.secrets() {
			if strings.Contains(string(content), value) {
				found = errors.Join(found, fmt.Errorf("%s contains a value that begins with %.8s", name, value))
			}
		}
	}
	return found
}
