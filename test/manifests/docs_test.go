// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

// yamlBlock is a block of a page that is marked as YAML.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// What a page shows works: the API server accepts each of its manifests as it stands.
func TestEveryExampleOfThePagesIsApplied(t *testing.T) {
	t.Parallel()
	pages := []string{"../../README.md"}
	for _, pattern := range []string{"../../docs/*.md", "../../docs/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%d pages match %s, %v", len(found), pattern, err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		content, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for i, block := range yamlBlock.FindAllStringSubmatch(string(content), -1) {
			if !strings.Contains(block[1], "apiVersion:") || strings.Contains(block[1], "fluxcd.io/") {
				continue // a part of a manifest, or of something else; what is for Flux, test/gitops reads
			}
			t.Run(fmt.Sprintf("%s/%d", filepath.Base(page), i+1), func(t *testing.T) {
				t.Parallel()
				file := filepath.Join(t.TempDir(), "example.yaml")
				if err := os.WriteFile(file, []byte(block[1]), 0o600); err != nil {
					t.Fatal(err)
				}
				kubectl(t, "apply", "--dry-run=server", "--validate=strict", "-f", file)
			})
		}
	}
}

// Nobody has to guess what a field is for: its page names it in the text, and shows it in an example.
func TestEveryFieldIsExplainedAndShown(t *testing.T) {
	t.Parallel()
	for kind, page := range map[string]string{"roomsecrets": "roomsecret.md", "rooms": "room.md", "clusterrooms": "room.md"} {
		content, err := os.ReadFile("../../docs/" + page)
		if err != nil {
			t.Fatal(err)
		}
		manifest, err := os.ReadFile("../../config/crd/bases/roomsecrets.io_" + kind + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(manifest, &crd); err != nil {
			t.Fatal(err)
		}
		for path, name := range fieldsOf("spec", crd.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]) {
			if !regexp.MustCompile("`[^`\n]*\\b" + name + "\\b[^`\n]*`").Match(content) {
				t.Errorf("docs/%s does not explain %s of %s", page, path, kind)
			}
			if !regexp.MustCompile(`(?m)^[^|]*\b` + name + `:`).Match(content) {
				t.Errorf("docs/%s has no example with %s of %s", page, path, kind)
			}
		}
	}
}

// fieldsOf yields the fields of a schema: how they are reached, and their names. What a label selector has in it is
// explained by Kubernetes.
func fieldsOf(path string, schema apiextensionsv1.JSONSchemaProps) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for name, property := range schema.Properties {
			if !yield(path+"."+name, name) {
				return
			}
			if property.Items != nil {
				property = *property.Items.Schema
			}
			if name == "selector" {
				continue
			}
			for below, name := range fieldsOf(path+"."+name, property) {
				if !yield(below, name) {
					return
				}
			}
		}
	}
}

func TestThePageListsTheFunctionsOfTemplates(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/roomsecret.md")
	if err != nil {
		t.Fatal(err)
	}
	want := "`" + strings.Join(template.Functions(), "`, `") + "`"
	if got := strings.ReplaceAll(string(page), "\n", " "); !strings.Contains(got, want) {
		t.Errorf("docs/roomsecret.md does not list %s", want)
	}
}
