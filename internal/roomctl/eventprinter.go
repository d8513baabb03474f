// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"io"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/printers"
)

// eventPrinter prints rows as they come, with the event before them, in columns that stay where they are.
type eventPrinter struct {
	table printers.ResourcePrinter
	out   interface {
		io.Writer
		Flush() error
	}
}

func newEventPrinter(out io.Writer, table printers.ResourcePrinter) *eventPrinter {
	return &eventPrinter{table: table, out: printers.GetNewTabWriter(out)}
}

func (p *eventPrinter) add(event watch.EventType, table *metav1.Table) error {
	err := p.table.PrintObj(&metav1.WatchEvent{Type: string(event), Object: runtime.RawExtension{Object: table}}, p.out)
	if err != nil {
		return err
	}
	return p.out.Flush()
}
