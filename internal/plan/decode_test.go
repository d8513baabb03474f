// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"strings"
	"testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestDecode(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		how         roomv1alpha1.Decode
		value, want string
		bad         bool
	}{
		"nothing is decoded by default":        {"", "aGk=", "aGk=", false},
		"None leaves the value alone":          {roomv1alpha1.DecodeNone, "aGk=", "aGk=", false},
		"padding is taken":                     {roomv1alpha1.DecodeBase64, "aGk=", "hi", false},
		"padding may be missing":               {roomv1alpha1.DecodeBase64, "aGk", "hi", false},
		"a line break at the end is no matter": {roomv1alpha1.DecodeBase64, "aGk=\n", "hi", false},
		"an empty value is empty":              {roomv1alpha1.DecodeBase64, "", "", false},
		"the standard alphabet":                {roomv1alpha1.DecodeBase64, "+/+/", "\xfb\xff\xbf", false},
		"the alphabet for URLs":                {roomv1alpha1.DecodeBase64URL, "-_-_", "\xfb\xff\xbf", false},
		"the wrong alphabet":                   {roomv1alpha1.DecodeBase64, "-_-_", "", true},
		"what is no base64":                    {roomv1alpha1.DecodeBase64URL, "hunter2!", "", true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problem := plan.Decode(c.how, []byte(c.value))
			if c.bad != (problem != nil) || string(got) != c.want {
				t.Errorf("got %q and %v, want %q", got, problem, c.want)
			}
			if problem != nil && strings.Contains(problem.Message, c.value) {
				t.Error("the problem shows the value")
			}
		})
	}
}
