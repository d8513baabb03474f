// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/template"
)

// PushValues returns what the rows should hold, given the data of the source Secret. A row whose template cannot be filled
// in gets a Problem.
func PushValues(rows []PushRow, data map[string][]byte) map[Row][]byte {
	values := make(map[Row][]byte, len(rows))
	filler := template.NewData(data)
	made := map[string]rendered{} // an entry has one row for each delegate, and one value
	for i := range rows {
		row := &rows[i]
		switch {
		case row.Problem != nil:
		case row.Template == "":
			values[row.Row] = data[row.Key]
		default:
			result, ok := made[row.Entry]
			if !ok {
				result = render(row.Template, filler, fmt.Sprintf("The template of entry %q", row.Entry))
				made[row.Entry] = result
			}
			values[row.Row], row.Problem = result.value, result.problem
		}
	}
	return values
}

// rendered is what became of a template.
type rendered struct {
	value   []byte
	problem *Problem
}

// render fills in a template. The subject is what the message of a problem begins with.
func render(text string, data *template.Data, subject string) rendered {
	parsed, problem := parse(text, subject)
	if problem != nil {
		return rendered{problem: problem}
	}
	value, err := data.Render(parsed)
	if err != nil {
		return rendered{problem: invalid(subject, err)}
	}
	return rendered{value: value}
}

// parse finds out whether a template can be filled in at all.
func parse(text, subject string) (*template.Template, *Problem) {
	parsed, err := template.Parse(text)
	if err != nil {
		return nil, invalid(subject, err)
	}
	return parsed, nil
}

func invalid(subject string, err error) *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonInvalidTemplate, Message: fmt.Sprintf("%s cannot be filled in: %s.", subject, err)}
}
