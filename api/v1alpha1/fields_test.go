// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

const fieldsPage = "../../docs/api.md"

const fieldsIntroduction = "# API reference\n\n" +
	"Every field of `roomsecrets.io/v1alpha1`, as `kubectl explain` shows them. [Room and ClusterRoom](room.md) and\n" +
	"[RoomSecret](roomsecret.md) explain them with examples. `[]` stands for each item of a list, `*` for each key of a map, and a star\n" +
	"behind a name says that the field is required where what it is in is given.\n\n" +
	"This page is made from the CRDs in `config/crd/bases`: `go test ./api/... -update`.\n"

// TestThePageOfFieldsIsComplete holds docs/api.md and the CRDs together.
func TestThePageOfFieldsIsComplete(t *testing.T) {
	t.Parallel()
	want := fieldsIntroduction
	for _, kind := range []string{"rooms", "clusterrooms", "roomsecrets"} {
		want += fieldsOf(t, kind)
	}
	if *update {
		if err := os.WriteFile(fieldsPage, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(fieldsPage)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/api.md is out of date, run go test ./api/... -update (-want +got):\n%s", diff)
	}
}

// fieldsOf returns what the page says of a kind.
func fieldsOf(t *testing.T, kind string) string {
	t.Helper()
	manifest, err := os.ReadFile("../../config/crd/bases/roomsecrets.io_" + kind + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(manifest, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	var b strings.Builder
	fmt.Fprintf(&b, "\n## %s\n\n%s\n", crd.Spec.Names.Kind, oneLine(schema.Description))
	for _, part := range []string{"spec", "status"} {
		fmt.Fprintf(&b, "\n### %s of %s\n\n| field | type | meaning |\n|---|---|---|\n", part, crd.Spec.Names.Kind)
		writeFields(&b, "", schema.Properties[part])
	}
	return b.String()
}

// writeFields writes a row for each field of a schema, and below it for those that it has.
func writeFields(b *strings.Builder, path string, schema apiextensionsv1.JSONSchemaProps) {
	switch {
	case schema.Items != nil:
		writeFields(b, path+"[]", *schema.Items.Schema)
	case schema.AdditionalProperties != nil:
		writeFields(b, path+".*", *schema.AdditionalProperties.Schema)
	}
	for _, name := range slices.Sorted(maps.Keys(schema.Properties)) {
		field := schema.Properties[name]
		star := ""
		if slices.Contains(schema.Required, name) {
			star = "*"
		}
		at := strings.TrimPrefix(path+"."+name, ".")
		fmt.Fprintf(b, "| `%s`%s | %s | %s |\n", at, star, typeOf(field), meaningOf(field))
		writeFields(b, at, field)
	}
}

// typeOf returns the type of a field, and the values that it can have if these are few.
func typeOf(field apiextensionsv1.JSONSchemaProps) string {
	switch {
	case field.Items != nil:
		return "list of " + typeOf(*field.Items.Schema)
	case field.AdditionalProperties != nil:
		return "map of " + typeOf(*field.AdditionalProperties.Schema)
	case field.Format != "" && field.Type == "string":
		return field.Format
	}
	var values []string
	for _, value := range field.Enum {
		values = append(values, "`"+strings.Trim(string(value.Raw), `"`)+"`")
	}
	if len(values) > 0 {
		return strings.Join(values, ", ")
	}
	return field.Type
}

// meaningOf returns the description of a field, its default, and the rules that its values must obey.
func meaningOf(field apiextensionsv1.JSONSchemaProps) string {
	sentences := []string{oneLine(field.Description)}
	if field.Default != nil {
		sentences = append(sentences, "Default: `"+strings.Trim(string(field.Default.Raw), `"`)+"`.")
	}
	for _, rule := range field.XValidations {
		sentences = append(sentences, "Rule: "+oneLine(rule.Message)+".")
	}
	return strings.TrimSpace(strings.Join(sentences, " "))
}

func oneLine(text string) string {
	return strings.NewReplacer("|", `\|`, "<", `\<`).Replace(strings.Join(strings.Fields(text), " "))
}
