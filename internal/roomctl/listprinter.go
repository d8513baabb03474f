// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/printers"
	"sigs.k8s.io/yaml"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

const formatTable = "table"

// formats are the output formats of lists.
func formats() []string { return []string{formatTable, "json", "yaml", "name"} }

// listedSecret is a secret as the original command line prints it: the members, and their order, are fixed.
type listedSecret struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Name        string  `json:"name"`
	DelegatedTo *string `json:"delegated_to"`
}

func listed(info roomclient.SecretInfo) listedSecret {
	return listedSecret{info.ID, info.Type, info.Name, protocol.Optional(info.DelegatedTo)}
}

// listPrinter prints secrets in one of the formats.
type listPrinter struct {
	out    io.Writer
	format string
	table  printers.ResourcePrinter
	events *eventPrinter
}

func newListPrinter(out io.Writer, format string) (*listPrinter, error) {
	if format == "" {
		format = formatTable
	}
	if !slices.Contains(formats(), format) {
		return nil, usage.Errorf("-o %s is none of the output formats: %s", format, strings.Join(formats(), ", "))
	}
	table := printers.NewTablePrinter(printers.PrintOptions{})
	return &listPrinter{out: out, format: format, table: table, events: newEventPrinter(out, table)}, nil
}

func (p *listPrinter) isTable() bool { return p.format == formatTable }

// print prints a whole list.
func (p *listPrinter) print(infos []roomclient.SecretInfo) error {
	rows := make([]listedSecret, len(infos))
	for i, info := range infos {
		rows[i] = listed(info)
	}
	return p.printRows(rows, tableOf(infos...), func(i int) string { return rows[i].ID })
}

// printRows prints rows as what they are, or by their names, or as a table that has them.
func (p *listPrinter) printRows(rows any, table *metav1.Table, name func(int) string) error {
	switch p.format {
	case "json":
		text, err := encode(rows, "  ")
		return p.write(text, err)
	case "yaml":
		text, err := yaml.Marshal(rows)
		return p.write(text, err)
	case "name":
		for i := range table.Rows {
			if err := p.name(name(i)); err != nil {
				return err
			}
		}
		return nil
	}
	return printObj(p.table, table, p.out)
}

// printChanges prints changes that were seen together.
func (p *listPrinter) printChanges(changes []change) error {
	for _, change := range changes {
		if err := p.printChange(change); err != nil {
			return err
		}
	}
	return p.events.flush()
}

// printChange prints one change: a row with the event before it, or an object with the members type and object, as
// "kubectl get --watch --output-watch-events" does.
func (p *listPrinter) printChange(c change) error {
	event := struct {
		Type   watch.EventType `json:"type"`
		Object listedSecret    `json:"object"`
	}{c.event, listed(c.info)}
	switch p.format {
	case "json":
		text, err := encode(event, "")
		return p.write(text, err)
	case "yaml":
		text, err := yaml.Marshal(event)
		return p.write(append([]byte("---\n"), text...), err)
	case "name":
		return p.name(c.info.ID)
	}
	return p.events.add(c.event, tableOf(c.info))
}

// name prints an id, which may be anything, and on a terminal must do no harm.
func (p *listPrinter) name(id string) error {
	if isTerminal(p.out) {
		id = printers.EscapeTerminal(id)
	}
	return p.write([]byte(id+"\n"), nil)
}

func (p *listPrinter) write(text []byte, err error) error {
	if err != nil {
		return fmt.Errorf("encode the list: %w", err)
	}
	_, err = p.out.Write(text)
	return err
}

// encode leaves characters as they are that only HTML would mind.
func encode(value any, indent string) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", indent)
	err := encoder.Encode(value)
	return text.Bytes(), err
}

func tableOf(infos ...roomclient.SecretInfo) *metav1.Table {
	table := &metav1.Table{ColumnDefinitions: columns("ID", "Type", "Name", "Delegated To")}
	for _, info := range infos {
		table.Rows = append(table.Rows, row(info.ID, info.Type, info.Name, orNone(info.DelegatedTo)))
	}
	return table
}

func columns(names ...string) []metav1.TableColumnDefinition {
	definitions := make([]metav1.TableColumnDefinition, len(names))
	for i, name := range names {
		definitions[i] = metav1.TableColumnDefinition{Name: name, Type: "string"}
	}
	return definitions
}

func row(cells ...string) metav1.TableRow {
	values := make([]any, len(cells))
	for i, cell := range cells {
		values[i] = cell
	}
	return metav1.TableRow{Cells: values}
}

// orNone is how kubectl shows what is not there.
func orNone(text string) string {
	if text == "" {
		return "<none>"
	}
	return text
}
