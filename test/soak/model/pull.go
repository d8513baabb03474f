// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package model

import (
	"maps"
	"strconv"
)

// PullKey is a key of the target and where its value comes from.
type PullKey struct {
	Key       string
	Row       Row
	OnMissing string
}

// PullSpec is what somebody asks of a pull. The policies have the values of the API.
type PullSpec struct {
	Target             string
	Creation, Deletion string
	Suspend            bool
	Keys               []PullKey
}

// Pull is a RoomSecret that pulls.
type Pull struct {
	PullSpec
	Born Birth
	// Leaving is true when it is being deleted, and Held while that waits for the operator.
	Leaving, Held bool
	// Ours are the keys that are ours, of the Secret Of if the pull merges.
	Ours map[string]bool
	Of   string
}

func (p Pull) uid(name string) string { return name + "#" + strconv.Itoa(p.Born.Serial) }

func (p Pull) merges() bool { return p.Creation == "Merge" }

// keys returns the keys of ours in a target as it is.
func (p Pull) keys(target Secret, exists bool) map[string]bool {
	if p.merges() && (!exists || target.identity() != p.Of) {
		return map[string]bool{}
	}
	return maps.Clone(p.Ours)
}

// keyStep is what becomes of a key: ours says whether it is ours afterwards.
type keyStep struct {
	ours, set, remove bool
	value, reason     string
}

// pull looks after a pull.
func (r Room) pull(name string) (Room, string) {
	p := r.Pulls[name]
	target, exists := r.Secrets[p.Target]
	ours := p.keys(target, exists)
	switch {
	case p.Leaving:
		if exists && p.merges() && p.Deletion == "Delete" {
			r, _ = r.editSecret(p.Target, func(data map[string]string) {
				maps.DeleteFunc(data, func(key, _ string) bool { return ours[key] })
			})
		}
		delete(r.Pulls, name)
		return r, ""
	case p.Suspend:
		return r, "Suspended"
	}
	if problem := r.targetProblem(name, p, target, exists); problem != "" {
		return r, problem
	}
	steps, reasons := r.keySteps(p, target, ours, exists)
	switch {
	case exists:
		r, _ = r.editSecret(p.Target, steps.edit)
	case reasons.first() == "InSync": // it is never made half
		data := map[string]string{}
		steps.edit(data)
		r.Secrets[p.Target] = Secret{Maker: p.uid(name), Owned: p.Creation == "Owner", Data: data}
	default:
		for key, step := range steps {
			step.ours = step.ours && ours[key]
			steps[key] = step
		}
	}
	p.Ours, p.Of = steps.ours(), target.identity()
	p.Held = p.merges() && p.Deletion == "Delete" && len(p.Ours) > 0
	r.Pulls[name] = p
	return r, reasons.first()
}

// targetProblem returns why a target is not touched at all.
func (r *Room) targetProblem(name string, p Pull, target Secret, exists bool) string {
	switch {
	case r.targetClaimed(name, p, target, exists):
		return "Conflict"
	case p.merges() && !exists:
		return "TargetNotFound"
	case !p.merges() && exists && target.Maker != p.uid(name):
		return "Conflict"
	}
	return ""
}

type keySteps map[string]keyStep

// edit does the steps to the data of a Secret.
func (s keySteps) edit(data map[string]string) {
	for key, step := range s {
		if step.set {
			data[key] = step.value
		}
		if step.remove {
			delete(data, key)
		}
	}
}

// ours returns the keys that are ours afterwards.
func (s keySteps) ours() map[string]bool {
	ours := map[string]bool{}
	for key, step := range s {
		if step.ours {
			ours[key] = true
		}
	}
	return ours
}

// keySteps decides about the keys of a target that is ours, as far as it is to be written, or is not there yet.
func (r Room) keySteps(p Pull, target Secret, ours map[string]bool, exists bool) (keySteps, reasons) {
	steps, why := keySteps{}, reasons{}
	mine := func(key string) bool { return ours[key] || (exists && !p.merges()) }
	for _, want := range p.Keys {
		step := r.keyStep(want, target, ours[want.Key], mine(want.Key))
		steps[want.Key], why[want.Key] = step, step.reason
	}
	for key := range ours {
		_, there := target.Data[key]
		_, wanted := steps[key]
		if !wanted && there && (!p.merges() || p.Deletion == "Delete") {
			steps[key] = keyStep{remove: true}
		}
	}
	steps.guard(ours, why)
	return steps, why
}

// guard keeps the keys that would be taken out, if they are too many.
func (s keySteps) guard(ours map[string]bool, why reasons) {
	var gone []string
	for key, step := range s {
		if step.remove {
			gone = append(gone, key)
		}
	}
	if !tooMany(len(gone), len(s.ours())+len(gone)) {
		return
	}
	for _, key := range gone {
		s[key], why[key] = keyStep{ours: ours[key]}, "PruneBlocked"
	}
}

// keyStep decides about a key that is wanted, given whether it was ours and whether it would be if it is there.
func (r Room) keyStep(want PullKey, target Secret, ours, mine bool) keyStep {
	value, there := target.Data[want.Key]
	row, found := r.Rows[want.Row]
	switch {
	case there && !mine:
		return keyStep{reason: "Conflict"}
	case found:
		return keyStep{ours: true, set: !there || value != row.Value, value: row.Value}
	case want.OnMissing == "Keep":
		return keyStep{ours: ours}
	case want.OnMissing == "Remove":
		return keyStep{remove: there}
	}
	return keyStep{ours: ours, reason: "RoomSecretNotFound"}
}

// targetClaimed reports whether another pull has the better claim to the target.
func (r *Room) targetClaimed(name string, p Pull, target Secret, exists bool) bool {
	held := len(p.keys(target, exists)) > 0
	for otherName, other := range r.Pulls {
		if otherName == name || other.Leaving || other.Target != p.Target || (other.merges() && p.merges()) {
			continue
		}
		if r.beats(otherName, other.Born, len(other.keys(target, exists)) > 0, name, p.Born, held) {
			return true
		}
	}
	return false
}
