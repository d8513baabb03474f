// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

// seen is what the cases of all tests were answered. When they are done it must have, for each validation rule of each kind,
// one case that the rule refused with the words that the case expects, and one that it accepted.
var seen answers

type answers struct {
	mu sync.Mutex
	// refused has the words of the refusals that were expected, by kind and member.
	refused map[string][]string
	// accepted has the members of the objects that were accepted, and changed those of objects that were then changed.
	accepted, changed map[string]bool
}

// refusal notes the parts of a refusal that a case expects.
func (a *answers) refusal(err error, want []string) {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.refused == nil {
		a.refused = map[string][]string{}
	}
	for _, cause := range status.Status().Details.Causes {
		if slices.ContainsFunc(want, func(part string) bool { return strings.Contains(cause.Message, part) }) {
			at := status.Status().Details.Kind + placeOf(cause.Field)
			a.refused[at] = append(a.refused[at], cause.Message)
		}
	}
}

// placeOf returns a path as the schema has it, without the indexes of lists. The API server calls the object itself <nil>.
func placeOf(field string) string {
	if field == "<nil>" {
		return ""
	}
	return "." + regexp.MustCompile(`\[[^]]*\]`).ReplaceAllString(field, "[]")
}

// acceptance notes all members of an object that was accepted: as a new one, or with a change.
func (a *answers) acceptance(object *unstructured.Unstructured, change bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.accepted == nil {
		a.accepted, a.changed = map[string]bool{}, map[string]bool{}
	}
	members := a.accepted
	if change {
		members = a.changed
	}
	noteMembers(members, object.GetKind(), object.Object)
}

func noteMembers(members map[string]bool, path string, value any) {
	members[path] = true
	switch value := value.(type) {
	case map[string]any:
		for name, member := range value {
			noteMembers(members, path+"."+name, member)
		}
	case []any:
		for _, item := range value {
			noteMembers(members, path+"[]", item)
		}
	}
}

// everythingRan reports whether no test was left out on the command line.
func everythingRan() bool {
	for _, name := range []string{"test.run", "test.skip"} {
		if f := flag.Lookup(name); f != nil && f.Value.String() != "" {
			return false
		}
	}
	return true
}

// untried lists the rules that lack a case.
func (a *answers) untried() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(crds, "*.yaml"))
	if err != nil {
		return nil, err
	}
	var missing []string
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var crd apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(content, &crd); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		for _, version := range crd.Spec.Versions {
			missing = append(missing, a.untriedBelow(crd.Spec.Names.Kind, version.Schema.OpenAPIV3Schema)...)
		}
	}
	slices.Sort(missing)
	return missing, nil
}

func (a *answers) untriedBelow(path string, schema *apiextensionsv1.JSONSchemaProps) []string {
	var missing []string
	for _, rule := range schema.XValidations {
		if !slices.ContainsFunc(a.refused[path+rule.FieldPath], func(said string) bool { return strings.HasSuffix(said, rule.Message) }) {
			missing = append(missing, fmt.Sprintf("%s: no case is refused with %q", path+rule.FieldPath, rule.Message))
		}
		if members := a.passed(rule.Rule); !members[path] {
			missing = append(missing, fmt.Sprintf("%s: no case is accepted by the rule that says %q", path, rule.Message))
		}
	}
	for name := range schema.Properties {
		member := schema.Properties[name]
		missing = append(missing, a.untriedBelow(path+"."+name, &member)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		missing = append(missing, a.untriedBelow(path+"[]", schema.Items.Schema)...)
	}
	return missing
}

// passed returns the members that a rule has let pass: a rule about changes is only asked when something changes.
func (a *answers) passed(rule string) map[string]bool {
	if strings.Contains(rule, "oldSelf") {
		return a.changed
	}
	return a.accepted
}
