// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions_test

import (
	"strings"
	"testing"

	. "github.com/onsi/gomega"
)

func TestAReadHoldsAsMuchAsFitsIntoAFewSecrets(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		size    int
		dropped bool
	}{
		"values that fit":                       {1 << 20, false},
		"values that are too much, all of them": {3 << 19, true},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for _, id := range []string{"a", "b", "c"} {
				w.put(row(id), text(strings.Repeat("x", c.size)))
			}
			client := w.connect(w.room("1"), owned("first"))
			for row, seen := range w.see(client, row("a"), row("b"), row("c"), row("missing")) {
				there := row.ID != "missing"
				w.Expect(seen.Dropped).To(Equal(c.dropped && there), row.ID)
				w.Expect(len(seen.Value.Bytes) > 0).To(Equal(!c.dropped && there), row.ID)
				w.Expect(seen.Digest != "").To(Equal(there), row.ID)
			}
		})
	}
}
