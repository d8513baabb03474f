// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	auditv1 "k8s.io/apiserver/pkg/apis/audit/v1"
)

// managerUser is how the API server knows the manager.
const managerUser = "system:serviceaccount:roomsecret-system:roomsecret-manager"

// account shows the manager's metrics, and proves from the audit log that its rights were enough.
func (d *demo) account(ctx context.Context) error {
	d.say.text("Its metrics, for whom the API server lets read them:", "")
	if err := d.do(ctx, "kubectl create clusterrolebinding demo-metrics \\\n  --clusterrole roomsecret-metrics-reader --serviceaccount default:default"); err != nil {
		return err
	}
	if err := d.do(ctx, "kubectl get --raw /metrics --server https://"+d.metrics+" --insecure-skip-tls-verify \\\n"+
		`  --kubeconfig /dev/null --token "$(kubectl create token default)" `+"\\\n"+`  | grep ^roomsecret_sync_total`); err != nil {
		return err
	}
	d.say.gap()
	return d.audit()
}

// audit counts the requests of the manager that the API server has recorded, and fails when one was refused.
func (d *demo) audit() error {
	began := time.Now()
	events, err := d.cluster.AuditLog().Read()
	if err != nil {
		return err
	}
	requests, refused := 0, []string(nil)
	for _, event := range events {
		if event.User.Username != managerUser || event.Stage != auditv1.StageResponseComplete {
			continue
		}
		requests++
		if event.ResponseStatus != nil && event.ResponseStatus.Code == http.StatusForbidden {
			refused = append(refused, event.Verb+" "+event.RequestURI)
		}
	}
	if len(refused) > 0 {
		slices.Sort(refused)
		return fmt.Errorf("the rights of config/rbac are not enough, the API server has refused:\n%s", strings.Join(slices.Compact(refused), "\n"))
	}
	d.say.fact(time.Since(began), "%d requests as %s, none refused", requests, managerUser[len("system:serviceaccount:"):])
	return nil
}
