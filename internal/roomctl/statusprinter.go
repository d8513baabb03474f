// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/printers"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// statusPrinter shows RoomSecrets: as tables, or as objects.
type statusPrinter struct {
	out           io.Writer
	objects       printers.ResourcePrinter // nil: tables
	eachAlone     bool                     // of objects: a list is not printed as one
	table         printers.ResourcePrinter
	events        *eventPrinter
	withNamespace bool
}

func (p *statusPrinter) all(list *roomv1alpha1.RoomSecretList) error {
	switch {
	case p.eachAlone:
		return p.changes(watch.Added, list.Items)
	case p.objects != nil:
		return printObj(p.objects, list, p.out)
	}
	table := p.head()
	for i := range list.Items {
		table.Rows = append(table.Rows, p.row(&list.Items[i]))
	}
	return printObj(p.table, table, p.out)
}

// changes prints what was seen together, as "kubectl get --watch" does.
func (p *statusPrinter) changes(event watch.EventType, all []roomv1alpha1.RoomSecret) error {
	for i := range all {
		if err := p.change(event, &all[i]); err != nil {
			return err
		}
	}
	if p.objects != nil {
		return nil
	}
	return p.events.flush()
}

func (p *statusPrinter) change(event watch.EventType, rs *roomv1alpha1.RoomSecret) error {
	if p.objects != nil {
		return printObj(p.objects, rs.DeepCopy(), p.out)
	}
	table := p.head()
	table.Rows = append(table.Rows, p.row(rs))
	return p.events.add(event, table)
}

func (p *statusPrinter) head() *metav1.Table {
	names := []string{"Name", "Direction", "Room", "Ready", "Status", "Entries", "Changed", "Age", "Message"}
	if p.withNamespace {
		names = append([]string{"Namespace"}, names...)
	}
	table := &metav1.Table{ColumnDefinitions: columns(names...)}
	table.ColumnDefinitions[len(names)-1].Priority = 1 // wide
	return table
}

func (p *statusPrinter) row(rs *roomv1alpha1.RoomSecret) metav1.TableRow {
	ready := readyOf(rs)
	cells := []string{
		rs.Name, string(rs.Direction()), rs.Spec.RoomRef.Name,
		cmp.Or(string(ready.Status), "Unknown"), cmp.Or(ready.Reason, "NotObserved"),
		entriesOf(rs), ago(rs.Status.LastChangeTime), ago(&rs.CreationTimestamp), ready.Message,
	}
	if p.withNamespace {
		cells = append([]string{rs.Namespace}, cells...)
	}
	return row(cells...)
}

// one shows a RoomSecret with its conditions and entries.
func (p *statusPrinter) one(rs *roomv1alpha1.RoomSecret) error {
	if p.objects != nil {
		return printObj(p.objects, rs, p.out)
	}
	if err := p.summary(rs); err != nil || len(rs.Status.Entries) == 0 {
		return err
	}
	if _, err := fmt.Fprintln(p.out); err != nil {
		return err
	}
	return printObj(p.table, entriesTable(rs.Status.Entries), p.out)
}

// entriesTable has a reason and a message only where at least one entry has them.
func entriesTable(entries []roomv1alpha1.EntryStatus) *metav1.Table {
	names := []string{"Entry", "Secret ID", "State", "Changed"}
	explained := slices.ContainsFunc(entries, func(e roomv1alpha1.EntryStatus) bool { return e.Reason != "" || e.Message != "" })
	if explained {
		names = append(names, "Reason", "Message")
	}
	table := &metav1.Table{ColumnDefinitions: columns(names...)}
	for _, entry := range entries {
		cells := []string{entry.Name, entry.ID, string(entry.State), ago(entry.LastChangeTime)}
		if explained {
			cells = append(cells, orNone(string(entry.Reason)), orNone(entry.Message))
		}
		table.Rows = append(table.Rows, row(cells...))
	}
	return table
}

// summary shows what concerns the RoomSecret as a whole.
func (p *statusPrinter) summary(rs *roomv1alpha1.RoomSecret) error {
	ready := readyOf(rs)
	lines := [][2]string{
		{"RoomSecret", rs.Namespace + "/" + rs.Name},
		{"Direction", string(rs.Direction())},
		{"Room", fmt.Sprintf("%s (%s)", rs.Spec.RoomRef.Name, rs.Spec.RoomRef.KindOrDefault())},
		{"Ready", fmt.Sprintf("%s, %s, since %s", cmp.Or(string(ready.Status), "Unknown"), cmp.Or(ready.Reason, "NotObserved"), ago(&ready.LastTransitionTime))},
		{"Message", cmp.Or(ready.Message, "No operator has looked at it yet.")},
		{"Entries", entriesOf(rs)},
		{"Changed", ago(rs.Status.LastChangeTime)},
	}
	for _, kind := range []roomv1alpha1.ConditionType{roomv1alpha1.ConditionReconciling, roomv1alpha1.ConditionStalled, roomv1alpha1.ConditionDrifted} {
		if condition := meta.FindStatusCondition(rs.Status.Conditions, string(kind)); condition != nil {
			lines = append(lines, [2]string{string(kind), fmt.Sprintf("%s, %s", condition.Status, condition.Reason)})
		}
	}
	if rs.Status.Target != nil {
		lines = append(lines, [2]string{"Target", "Secret " + rs.Status.Target.Name})
	}
	if stale := rs.Status.ObservedGeneration >= 0 && rs.Status.ObservedGeneration != rs.Generation; stale {
		lines = append(lines, [2]string{"Stale", "the spec has changed since the operator looked at it"})
	}
	for _, line := range lines {
		if _, err := fmt.Fprintf(p.out, "%-13s%s\n", line[0]+":", printers.EscapeTerminal(line[1])); err != nil {
			return err
		}
	}
	return nil
}

func readyOf(rs *roomv1alpha1.RoomSecret) metav1.Condition {
	if ready := meta.FindStatusCondition(rs.Status.Conditions, string(roomv1alpha1.ConditionReady)); ready != nil {
		return *ready
	}
	return metav1.Condition{}
}

func entriesOf(rs *roomv1alpha1.RoomSecret) string {
	if rs.Status.Summary == nil {
		return "<none>"
	}
	return strings.TrimSpace(rs.Status.Summary.Ready)
}

// ago is how kubectl shows a time.
func ago(at *metav1.Time) string {
	if at.IsZero() {
		return "<none>"
	}
	return duration.HumanDuration(time.Since(at.Time))
}
