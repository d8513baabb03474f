// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

var update = flag.Bool("update", false, "write docs/reasons.md and docs/api.md")

const page = "../../docs/reasons.md"

const introduction = "# Reasons\n\n" +
	"Every condition, event and entry carries one of these reasons; the set is closed. The message beside it says what to do.\n" +
	"This page is made from the declarations in `api/v1alpha1/conditions.go`: `go test ./api/... -update`.\n"

// TestThePageOfReasonsIsComplete holds docs/reasons.md, the constants and Reasons() together.
func TestThePageOfReasonsIsComplete(t *testing.T) {
	t.Parallel()
	want := introduction
	var declared []roomv1alpha1.Reason
	for _, block := range reasonBlocks(t) {
		want += "\n## " + block.title + "\n\n| reason | surfaces |\n|---|---|\n"
		for _, r := range block.reasons {
			want += fmt.Sprintf("| `%s` | %s |\n", r.value, r.when)
			declared = append(declared, r.value)
		}
	}
	if diff := cmp.Diff(declared, roomv1alpha1.Reasons()); diff != "" {
		t.Errorf("Reasons() is not what is declared (-declared +returned):\n%s", diff)
	}
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/reasons.md is out of date, run go test ./api/... -update (-want +got):\n%s", diff)
	}
}

type reasonBlock struct {
	title   string
	reasons []documented
}

type documented struct {
	value roomv1alpha1.Reason
	when  string
}

// reasonBlocks reads the constants of type Reason, block by block, with their comments.
func reasonBlocks(t *testing.T) []reasonBlock {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "conditions.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var blocks []reasonBlock
	for _, decl := range file.Decls {
		consts, ok := decl.(*ast.GenDecl)
		if !ok || consts.Tok != token.CONST || !strings.HasPrefix(consts.Doc.Text(), "Reasons of") {
			continue
		}
		block := reasonBlock{title: strings.TrimSuffix(strings.TrimSpace(consts.Doc.Text()), ".")}
		for _, spec := range consts.Specs {
			block.reasons = append(block.reasons, documentedReason(t, spec))
		}
		blocks = append(blocks, block)
	}
	return blocks
}

func documentedReason(t *testing.T, spec ast.Spec) documented {
	t.Helper()
	value, ok := spec.(*ast.ValueSpec)
	if !ok {
		t.Fatalf("unexpected %T among the constants", spec)
	}
	literal, ok := value.Values[0].(*ast.BasicLit)
	if !ok {
		t.Fatalf("%s is not a literal", value.Names[0])
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil {
		t.Fatal(err)
	}
	comment := strings.Join(strings.Fields(value.Doc.Text()), " ")
	_, when, found := strings.Cut(comment, "surfaces ")
	if !found || value.Names[0].Name != "Reason"+text {
		t.Errorf("%s = %q: the comment must say when it surfaces, and the name must be Reason%s", value.Names[0], text, text)
	}
	return documented{roomv1alpha1.Reason(text), when}
}
