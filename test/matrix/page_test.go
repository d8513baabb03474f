// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package matrix_test

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the tables of docs/policies.md anew")

const (
	page = "../../docs/policies.md"
	crd  = "../../config/crd/bases/roomsecrets.io_roomsecrets.yaml"
)

// TestThePageHasTheCellsOfTheTests compares the tables of the page with what the tests expect, cell by cell.
func TestThePageHasTheCellsOfTheTests(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables() {
		got, want := tableOf(string(content), table.title()), table.text()
		if *update {
			content = []byte(strings.Replace(string(content), got, want, 1))
			continue
		}
		if diff := cmp.Diff(cellsOf(want), cellsOf(got)); diff != "" {
			t.Errorf("docs/policies.md does not have the cells of the tests, run go test ./test/matrix -update (-tests +page):\n%s", diff)
		}
	}
	if *update {
		if err := os.WriteFile(page, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEveryCellIsExpected fails when a policy has no outcome for an event that can happen, or one for an event that cannot.
func TestEveryCellIsExpected(t *testing.T) {
	t.Parallel()
	for _, table := range tables() {
		for _, row := range table.rows {
			for _, column := range columns() {
				if _, ok := row.outcomes[column.event]; ok != column.appliesTo(table.direction) {
					t.Errorf("%s, %s, %s: an outcome is there: %t; the event can happen: %t", table.title(), row.title(), column.event, ok, !ok)
				}
			}
		}
	}
}

// TestEveryPolicyHasARow fails when the API has a policy, or a value of one, that no row is about.
func TestEveryPolicyHasARow(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(crd)
	if err != nil {
		t.Fatal(err)
	}
	var definition apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &definition); err != nil {
		t.Fatal(err)
	}
	spec := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
	for _, table := range tables() {
		rows := map[string]bool{}
		for _, row := range table.rows {
			rows[row.title()] = true
		}
		direction := spec.Properties[table.title()]
		for _, policy := range policiesIn(&direction) {
			if !rows[policy] {
				t.Errorf("no row of the table %s is about %s", table.title(), policy)
			}
		}
	}
}

// policiesIn returns the values of all policies in a schema, as the titles of rows. A policy is an
// enum that says what is done; mergePolicy only says which keys there are.
func policiesIn(schema *apiextensionsv1.JSONSchemaProps) []string {
	var found []string
	for name, property := range schema.Properties {
		if name != "mergePolicy" && (strings.HasSuffix(name, "Policy") || strings.HasPrefix(name, "on")) {
			for _, value := range property.Enum {
				found = append(found, "`"+name+": "+strings.Trim(string(value.Raw), `"`)+"`")
			}
		}
		found = append(found, policiesIn(&property)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		found = append(found, policiesIn(schema.Items.Schema)...)
	}
	return found
}

// title is in the first cell of the table.
func (t table) title() string { return strings.ToLower(string(t.direction)) }

// title is in the first cell of the row.
func (p policy) title() string { return "`" + p.name + ": " + p.value + "`" }

// text returns the table as the page has it.
func (t table) text() string {
	var text strings.Builder
	line := func(cells []string) { text.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	header, rule := []string{t.title()}, "|---|"
	for _, column := range columns() {
		header, rule = append(header, string(column.event)), rule+"---|"
	}
	line(header)
	text.WriteString(rule + "\n")
	for _, row := range t.rows {
		cells := []string{row.title()}
		for _, column := range columns() {
			cells = append(cells, row.outcome(column, t.direction).String())
		}
		line(cells)
	}
	return text.String()
}

// tableOf returns the table of a page that has a title in its first cell, or nothing.
func tableOf(page, title string) string {
	var text strings.Builder
	for line := range strings.Lines(page) {
		if strings.HasPrefix(line, "| "+title+" |") || (text.Len() > 0 && strings.HasPrefix(line, "|")) {
			text.WriteString(line)
		} else if text.Len() > 0 {
			break
		}
	}
	return text.String()
}

// cellsOf returns the cells of a table, by the titles of their rows and columns.
func cellsOf(text string) map[string]string {
	cells, header := map[string]string{}, []string(nil)
	for line := range strings.Lines(text) {
		row := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
		if header == nil {
			header = row
		}
		for i := 1; i < min(len(row), len(header)); i++ {
			cells[row[0]+" / "+header[i]] = row[i]
		}
	}
	return cells
}
