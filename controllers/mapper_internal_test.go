// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

func TestTheMapperRemembersWhatIsServedOnly(t *testing.T) {
	t.Parallel()
	kind := roomv1alpha1.SchemeGroupVersion().WithKind(string(roomv1alpha1.KindClusterRoom))
	served := meta.NewDefaultRESTMapper([]schema.GroupVersion{roomv1alpha1.SchemeGroupVersion()})
	m := &rememberingMapper{RESTMapper: served}
	ask := func(versions ...string) (*meta.RESTMapping, error) {
		return m.RESTMapping(schema.GroupKind{Group: kind.Group, Kind: kind.Kind}, versions...)
	}
	if _, err := ask(kind.Version); !meta.IsNoMatchError(err) {
		t.Fatalf("before the definition: got error %v, want that there is none", err)
	}

	served.Add(kind, meta.RESTScopeRoot)
	for _, versions := range [][]string{{kind.Version}, {}} {
		mapping, err := ask(versions...)
		if err != nil || mapping.GroupVersionKind != kind || mapping.Scope.Name() != meta.RESTScopeNameRoot {
			t.Errorf("with versions %v: got %v, %v", versions, mapping, err)
		}
	}
	if _, err := ask("v9"); !meta.IsNoMatchError(err) {
		t.Errorf("another version: got error %v, want that there is none", err)
	}

	m.RESTMapper = meta.NewDefaultRESTMapper(nil)
	if mapping, err := ask(kind.Version); err != nil || mapping.GroupVersionKind != kind {
		t.Errorf("the second time: got %v, %v", mapping, err)
	}
}
