// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// auditPolicy records who did what, never a body: an audit log must not be a copy of all secrets.
const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- level: Metadata
`

const auditFile = "audit.log"

func (c *Cluster) configureAudit(server *envtest.APIServer) error {
	policy := c.file("audit-policy.yaml")
	if err := os.WriteFile(policy, []byte(auditPolicy), 0o600); err != nil {
		return err
	}
	server.Configure().
		Set("audit-policy-file", policy).
		Set("audit-log-path", c.file(auditFile)).
		Set("audit-log-mode", "blocking").
		Set("audit-log-maxsize", "1000") // megabytes; rotation would hide events from AuditLog
	return nil
}

// AuditLog reads what the API server has recorded. It is not safe for concurrent use.
type AuditLog struct {
	file Tail
}

// AuditLog returns a reader that begins with the first request to the cluster. The cluster must have
// been started with Options.Audit.
func (c *Cluster) AuditLog() *AuditLog {
	return &AuditLog{file: Tail{Path: c.file(auditFile)}}
}

// Read returns the events that were recorded since the last call, oldest first. A finished request is
// one event with stage ResponseComplete; a watch has one with stage ResponseStarted when it begins and
// one with ResponseComplete when it ends. An event is recorded at about the time the client has its
// response, which may be a moment after.
func (l *AuditLog) Read() ([]auditv1.Event, error) {
	content, err := l.file.Lines()
	if err != nil {
		return nil, err
	}
	var events []auditv1.Event
	for line := range bytes.Lines(content) {
		var event auditv1.Event
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, fmt.Errorf("audit log: %w", err)
		}
		events = append(events, event)
	}
	return events, nil
}
