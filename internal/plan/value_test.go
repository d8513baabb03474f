// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestPushValues(t *testing.T) {
	t.Parallel()
	data := map[string][]byte{"a": []byte("one"), "b": []byte("two")}
	row := func(id string) plan.Row { return plan.Row{Identity: "own", ID: id} }
	missing := &plan.Problem{Reason: roomv1alpha1.ReasonKeyNotFound}
	rows := []plan.PushRow{
		{Row: row("key"), Entry: "key", Key: "a"},
		{Row: row("no-key"), Entry: "no-key", Key: "c", Problem: missing},
		{Row: row("template"), Entry: "template", Template: "{{ .a }}-{{ .b }}"},
		{Row: plan.Row{Identity: "own", ID: "template", DelegatedTo: "x"}, Entry: "template", Template: "{{ .a }}-{{ .b }}"},
		{Row: row("broken"), Entry: "broken", Template: "{{ .a"},
		{Row: row("absent"), Entry: "absent", Template: "x\n{{ .c }}"},
	}
	got := plan.PushValues(rows, data)
	if diff := cmp.Diff(map[plan.Row][]byte{
		row("key"):      []byte("one"),
		row("template"): []byte("one-two"),
		{Identity: "own", ID: "template", DelegatedTo: "x"}: []byte("one-two"),
		row("broken"): nil,
		row("absent"): nil,
	}, got); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	for i, message := range map[int]string{
		4: `The template of entry "broken" cannot be filled in: line 1: unclosed action.`,
		5: `The template of entry "absent" cannot be filled in: line 2: there is no key "c".`,
	} {
		want := &plan.Problem{Reason: roomv1alpha1.ReasonInvalidTemplate, Message: message}
		if diff := cmp.Diff(want, rows[i].Problem); diff != "" {
			t.Errorf("%s (-want +got):\n%s", rows[i].Entry, diff)
		}
	}
	if rows[1].Problem != missing || rows[2].Problem != nil {
		t.Error("the other problems have changed")
	}
}

// However many entries there are, their templates cannot take more together than the operator has.
func TestTheTemplatesOfAPushShareAnAllowance(t *testing.T) {
	t.Parallel()
	rows := make([]plan.PushRow, 256)
	for i := range rows {
		id := fmt.Sprint(i)
		rows[i] = plan.PushRow{Row: plan.Row{Identity: "own", ID: id}, Entry: id, Template: "{{ .big }}{{ .big }}"}
	}
	size := 0
	for _, value := range plan.PushValues(rows, map[string][]byte{"big": make([]byte, 1<<19)}) {
		size += len(value)
	}
	if size != 4<<20 {
		t.Errorf("the values have %d bytes", size)
	}
	want := &plan.Problem{
		Reason:  roomv1alpha1.ReasonInvalidTemplate,
		Message: `The template of entry "255" cannot be filled in: renders, with the templates before it, more than 4 MiB.`,
	}
	if diff := cmp.Diff(want, rows[255].Problem); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
