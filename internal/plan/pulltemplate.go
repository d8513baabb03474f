// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

// templateEntry is the name of what makes a key of the template. It cannot be that of an entry.
func templateEntry(key string) string { return "template[" + key + "]" }

// fillIn adds the keys that the template makes of the values. They wait until all values are known.
func (g *Gathered) fillIn(spec *roomv1alpha1.PullTemplate) {
	values, blocked := template.NewData(g.Values), g.blocked()
	g.drop(spec)
	for _, key := range slices.Sorted(maps.Keys(spec.Data)) {
		g.Keys = append(g.Keys, PullKey{Key: key, Entry: templateEntry(key)})
		made := fill(key, string(spec.Data[key]), values, blocked)
		if made.problem != nil {
			g.Observed[key] = Observed{Unknown: made.problem}
			continue
		}
		g.Observed[key], g.Values[key] = Observed{Exists: true}, made.value
	}
}

// fill makes one key. A template that cannot be read is told even while there is nothing to fill in.
func fill(key, text string, values *template.Data, blocked *Problem) rendered {
	subject := fmt.Sprintf("The template of %q", key)
	if blocked == nil {
		return render(text, values, subject)
	}
	if _, problem := parse(text, subject); problem != nil {
		return rendered{problem: problem}
	}
	return rendered{problem: blocked}
}

// blocked says why the values are not all known; nil when they are. What can never be a key is not waited for.
func (g *Gathered) blocked() *Problem {
	var first *Problem
	name := ""
	for _, key := range g.Keys {
		if g.Observed[key.Key].unfit() {
			continue
		}
		problem := g.unknown(key)
		if entry := cmp.Or(key.Entry, key.Key); problem != nil && (first == nil || entry < name) {
			first, name = problem, entry
		}
	}
	if first == nil {
		return nil
	}
	return &Problem{Reason: first.Reason, Passing: first.Passing, Awaited: first.Awaited, Message: fmt.Sprintf("The template waits for %s, whose value is not known.", name)}
}

// unknown says why the value of a key is not known; nil when it is, or when the key may be missing.
func (g *Gathered) unknown(key PullKey) *Problem {
	seen, looked := g.Observed[key.Key]
	switch {
	case !looked:
		return &Problem{Reason: roomv1alpha1.ReasonAccessDenied}
	case seen.Unknown != nil:
		return seen.Unknown
	case !seen.Exists && key.OnMissing == roomv1alpha1.OnMissingFail:
		return &Problem{Reason: roomv1alpha1.ReasonRoomSecretNotFound}
	}
	return nil
}

// drop takes out what the template takes the place of. A key whose value is not known leaves a sign, to show why.
func (g *Gathered) drop(spec *roomv1alpha1.PullTemplate) {
	var kept []PullKey
	for _, key := range g.Keys {
		_, made := spec.Data[key.Key]
		if !made && spec.MergePolicy != roomv1alpha1.MergePolicyReplace {
			kept = append(kept, key)
			continue
		}
		known := g.unknown(key) == nil
		seen, looked := g.Observed[key.Key]
		delete(g.Values, key.Key)
		delete(g.Observed, key.Key)
		if known {
			continue
		}
		key.Key = signOf(key.Key)
		if looked {
			g.Observed[key.Key] = seen
		}
		kept = append(kept, key)
	}
	g.Keys = kept
}
