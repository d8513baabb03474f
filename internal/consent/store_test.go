// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent_test

import (
	"context"
	"sync"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

// memory is a Store for tests of the page.
type memory struct {
	mu       sync.Mutex
	requests map[consent.Ref]consent.Authorization
	made     []consent.Decision
	// failure is what the next decision fails with.
	failure error
}

func (m *memory) put(a consent.Authorization) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests[a.Ref] = a
}

// decisions are those that were made.
func (m *memory) decisions() []consent.Decision {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]consent.Decision(nil), m.made...)
}

func (m *memory) List(context.Context) ([]consent.Authorization, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var all []consent.Authorization
	for _, a := range m.requests {
		all = append(all, a)
	}
	return all, nil
}

func (m *memory) Get(_ context.Context, ref consent.Ref) (consent.Authorization, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.requests[ref]
	if !ok {
		return a, consent.ErrGone
	}
	return a, nil
}

func (m *memory) Decide(_ context.Context, ref consent.Ref, d consent.Decision) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, ok := m.requests[ref]
	switch {
	case !ok:
		return consent.ErrGone
	case a.State != consent.Waiting:
		return consent.ErrDecided
	case m.failure != nil:
		err := m.failure
		m.failure = nil
		return err
	}
	if a.State = consent.Denied; d.Approved {
		a.State = consent.Approved
	}
	m.requests[ref], m.made = a, append(m.made, d)
	return nil
}
