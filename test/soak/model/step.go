// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
)

// Step is something that somebody else than the operator does to a room or to its namespace.
type Step interface {
	// Apply returns the room afterwards, and whether it can be done to a room as it is.
	Apply(Room) (Room, bool)
}

// PutSecret creates a Secret, or replaces the data of one that a person has created.
type PutSecret struct {
	Name   string
	Data   map[string]string
	Serial int
}

// Apply implements Step.
func (s PutSecret) Apply(r Room) (Room, bool) {
	there, exists := r.Secrets[s.Name]
	if there.Maker != "" {
		return r, false
	}
	if !exists {
		there.Serial = s.Serial
	}
	there.Data = s.Data
	return r.withSecret(s.Name, there), true
}

func (r Room) withSecret(name string, secret Secret) Room {
	r = r.clone()
	r.Secrets[name] = secret
	return r
}

// DropSecret deletes a Secret.
type DropSecret struct{ Name string }

// Apply implements Step.
func (s DropSecret) Apply(r Room) (Room, bool) {
	_, exists := r.Secrets[s.Name]
	r = r.clone()
	delete(r.Secrets, s.Name)
	return r, exists
}

// SetKey gives a key of a Secret a value.
type SetKey struct{ Secret, Key, Value string }

// Apply implements Step.
func (s SetKey) Apply(r Room) (Room, bool) {
	return r.editSecret(s.Secret, func(data map[string]string) { data[s.Key] = s.Value })
}

// DropKey takes a key out of a Secret.
type DropKey struct{ Secret, Key string }

// Apply implements Step.
func (s DropKey) Apply(r Room) (Room, bool) {
	return r.editSecret(s.Secret, func(data map[string]string) { delete(data, s.Key) })
}

func (r Room) editSecret(name string, change func(map[string]string)) (Room, bool) {
	secret, exists := r.Secrets[name]
	if !exists {
		return r, false
	}
	secret.Data = maps.Clone(secret.Data)
	change(secret.Data)
	return r.withSecret(name, secret), true
}

// PutRow writes a row of the room.
type PutRow struct {
	Row     Row
	Content Content
}

// Apply implements Step.
func (s PutRow) Apply(r Room) (Room, bool) {
	r = r.clone()
	r.Rows[s.Row] = s.Content
	return r, true
}

// DropRow deletes a row of the room.
type DropRow struct{ Row Row }

// Apply implements Step.
func (s DropRow) Apply(r Room) (Room, bool) {
	_, exists := r.Rows[s.Row]
	r = r.clone()
	delete(r.Rows, s.Row)
	return r, exists
}

// PutPush creates a push, or changes the spec of one.
type PutPush struct {
	Name string
	Spec PushSpec
	Born Birth
}

// Apply implements Step.
func (s PutPush) Apply(r Room) (Room, bool) {
	p, exists := r.Pushes[s.Name]
	if !exists {
		p = Push{Born: s.Born, Ours: map[Row]Content{}}
	}
	p.PushSpec = s.Spec
	r = r.clone()
	r.Pushes[s.Name] = p
	return r, !p.Leaving
}

// PutPull creates a pull, or changes the spec of one: all but its target and how that is made.
type PutPull struct {
	Name string
	Spec PullSpec
	Born Birth
}

// Apply implements Step.
func (s PutPull) Apply(r Room) (Room, bool) {
	p, exists := r.Pulls[s.Name]
	if !exists {
		p = Pull{Born: s.Born, Ours: map[string]bool{}}
	}
	can := !p.Leaving && (!exists || (p.Target == s.Spec.Target && p.Creation == s.Spec.Creation))
	p.PullSpec = s.Spec
	r = r.clone()
	r.Pulls[s.Name] = p
	return r, can
}

// Drop deletes a RoomSecret.
type Drop struct{ Name string }

// Apply implements Step.
func (s Drop) Apply(r Room) (Room, bool) {
	r = r.clone()
	if p, exists := r.Pushes[s.Name]; exists {
		can := !p.Leaving
		p.Leaving = true
		r.Pushes[s.Name] = p
		if !p.Held {
			delete(r.Pushes, s.Name)
		}
		return r, can
	}
	p, exists := r.Pulls[s.Name]
	can := exists && !p.Leaving
	p.Leaving = true
	r.Pulls[s.Name] = p
	if !p.Held {
		delete(r.Pulls, s.Name)
	}
	return r, can
}

// Nudge asks for a sync at once.
type Nudge struct{ Name string }

// Apply implements Step.
func (s Nudge) Apply(r Room) (Room, bool) {
	push, pushes := r.Pushes[s.Name]
	pull, pulls := r.Pulls[s.Name]
	return r, (pushes && !push.Leaving) || (pulls && !pull.Leaving)
}
