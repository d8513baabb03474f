// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"bytes"
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

// add prints a row, which is seen once flush is called: rows that come together have columns in common.
func (p *eventPrinter) add(event watch.EventType, table *metav1.Table) error {
	return p.table.PrintObj(&metav1.WatchEvent{Type: string(event), Object: runtime.RawExtension{Object: table}}, p.out)
}

func (p *eventPrinter) flush() error { return p.out.Flush() }

// printObj prints an object in one piece: printers do not tell when they cannot write.
func printObj(printer printers.ResourcePrinter, object runtime.Object, out io.Writer) error {
	var text bytes.Buffer
	if err := printer.PrintObj(object, &text); err != nil {
		return err
	}
	_, err := out.Write(text.Bytes())
	return err
}
