// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"bytes"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
)

// render returns the objects that a kustomization makes, except for those of kinds that are not built in.
func render(t *testing.T, kustomization string) []runtime.Object {
	t.Helper()
	documents := yaml.NewDocumentDecoder(io.NopCloser(strings.NewReader(kubectl(t, "kustomize", kustomization))))
	defer documents.Close()
	var objects []runtime.Object
	for buffer := make([]byte, 1<<20); ; {
		n, err := documents.Read(buffer)
		if errors.Is(err, io.EOF) {
			return objects
		}
		if err != nil {
			t.Fatal(err)
		}
		object, _, err := clientgoscheme.Codecs.UniversalDeserializer().Decode(bytes.TrimSpace(buffer[:n]), nil, nil)
		if runtime.IsNotRegisteredError(err) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, object)
	}
}

// only returns the objects of one type.
func only[T runtime.Object](objects []runtime.Object) []T {
	var found []T
	for _, object := range objects {
		if o, ok := object.(T); ok {
			found = append(found, o)
		}
	}
	return found
}

// stderr returns what a command that failed has printed to standard error.
func stderr(err error) string {
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		return string(exit.Stderr)
	}
	return ""
}
