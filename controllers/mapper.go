// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"net/http"
	"sync"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// NewMapper returns what knows how the API server serves each kind, for [sigs.k8s.io/controller-runtime/pkg/manager.Options]. A
// cache of some namespaces asks that at each read, to know whether the kind has namespaces; so it is remembered. A kind that the
// API server does not serve is not: its definition may come later. The error is that of an invalid config.
func NewMapper(config *rest.Config, client *http.Client) (meta.RESTMapper, error) {
	mapper, err := apiutil.NewDynamicRESTMapper(config, client)
	if err != nil {
		return nil, err
	}
	return &rememberingMapper{RESTMapper: mapper}, nil
}

// rememberingMapper remembers the mappings of versions of kinds, of which there are as many as the operator reads.
type rememberingMapper struct {
	meta.RESTMapper

	known sync.Map
}

// RESTMapping implements [meta.RESTMapper].
func (m *rememberingMapper) RESTMapping(kind schema.GroupKind, versions ...string) (*meta.RESTMapping, error) {
	if len(versions) != 1 {
		return m.RESTMapper.RESTMapping(kind, versions...)
	}
	key := kind.WithVersion(versions[0])
	if mapping, ok := m.known.Load(key); ok {
		if mapping, ok := mapping.(*meta.RESTMapping); ok {
			return mapping, nil
		}
	}
	mapping, err := m.RESTMapper.RESTMapping(kind, versions...)
	if err == nil {
		m.known.Store(key, mapping)
	}
	return mapping, err
}
