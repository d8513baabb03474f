// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// Story tells the steps of a push, one a line: op, row and entry, and what is wrong if something is. It holds no value
// and no digest. The identity own is left out of the names of rows.
func Story(steps []Step, own string) string {
	var b strings.Builder
	for _, step := range steps {
		subject := step.Name(own)
		if step.Wanted != nil {
			subject += "  (" + step.Wanted.Entry + ")"
		}
		if step.Left {
			subject += ", which stays in the room"
		}
		b.WriteString(storyLine(string(step.Op), subject, step.State, step.Reason, step.Message))
	}
	return b.String()
}

// Story tells the plan of a pull, one line for the target and one for each key, as Story does for a push. When the target
// as a whole cannot be written, that is all there is to tell.
func (p PullPlan) Story(own string) string {
	if p.Problem != nil {
		return storyLine("stop", "target", roomv1alpha1.EntryFailed, p.Problem.Reason, p.Problem.Message)
	}
	verb := "keep"
	switch {
	case p.Create:
		verb = "create"
	case p.Adopt:
		verb = "adopt"
	case p.Apply:
		verb = "apply"
	}
	var b strings.Builder
	b.WriteString(storyLine(verb, "target", roomv1alpha1.EntryInSync, "", ""))
	if p.Freeze {
		b.WriteString(storyLine("freeze", "target", roomv1alpha1.EntryInSync, "", ""))
	}
	if p.Left != nil {
		b.WriteString(storyLine("left", "target", roomv1alpha1.EntryFailed, p.Left.Reason, p.Left.Message))
	}
	for _, step := range p.Steps {
		subject := step.Key
		if from := step.from(own); from != "" {
			subject += "  (" + from + ")"
		}
		b.WriteString(storyLine(string(step.Op), subject, step.State, step.Reason, step.Message))
	}
	return b.String()
}

// from tells where a key comes from: its row, and the source that gives it together with others.
func (s KeyStep) from(own string) string {
	var parts []string
	if s.Wanted != nil && s.Wanted.Row != (Row{}) {
		parts = append(parts, s.Wanted.Row.Name(own))
	}
	if s.Wanted != nil && s.Wanted.Entry != "" {
		parts = append(parts, s.Wanted.Entry)
	}
	return strings.Join(parts, ", ")
}

func storyLine(verb, subject string, state roomv1alpha1.EntryState, reason roomv1alpha1.Reason, message string) string {
	line := fmt.Sprintf("%-7s %s", verb, subject)
	if state != roomv1alpha1.EntryInSync && state != roomv1alpha1.EntryDeleting {
		line += fmt.Sprintf(": %s, %s", state, reason)
	}
	if message != "" {
		line += ": " + message
	}
	return line + "\n"
}
