// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package fingerprint_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

func key(t *testing.T, fill byte) fingerprint.Key {
	t.Helper()
	k, err := fingerprint.NewKey(bytes.Repeat([]byte{fill}, fingerprint.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestDigestsDifferWheneverAnythingDiffers(t *testing.T) {
	t.Parallel()
	digests := map[string]string{
		"one part":         key(t, 1).Digest("value", []byte("abc")),
		"two parts":        key(t, 1).Digest("value", []byte("ab"), []byte("c")),
		"two other parts":  key(t, 1).Digest("value", []byte("a"), []byte("bc")),
		"an empty part":    key(t, 1).Digest("value", []byte("abc"), nil),
		"another purpose":  key(t, 1).Digest("seal", []byte("abc")),
		"purpose in parts": key(t, 1).Digest("valueabc"),
		"another key":      key(t, 2).Digest("value", []byte("abc")),
	}
	seen := map[string]string{}
	for name, digest := range digests {
		if other, ok := seen[digest]; ok {
			t.Errorf("%q and %q have the same digest", name, other)
		}
		seen[digest] = name
	}
	if !fingerprint.Equal(digests["one part"], key(t, 1).Digest("value", []byte("abc"))) {
		t.Error("the same key, purpose and parts have different digests")
	}
}

func TestAnEmptyDigestEqualsNothing(t *testing.T) {
	t.Parallel()
	if fingerprint.Equal("", "") {
		t.Error("two missing digests must not count as equal values")
	}
}

func TestAKeyOfAnotherSizeIsRefused(t *testing.T) {
	t.Parallel()
	if _, err := fingerprint.NewKey([]byte("short")); err == nil {
		t.Error("a short key was accepted")
	}
}

func TestAKeyDoesNotShowItself(t *testing.T) {
	t.Parallel()
	raw := strings.Repeat("K", fingerprint.KeySize)
	k, err := fingerprint.NewKey([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	private := &struct{ key fingerprint.Key }{k}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if shown := fmt.Sprintf(verb+verb, k, private); strings.Contains(shown, "KKK") || strings.Contains(shown, "4b4b") || strings.Contains(shown, "75 75") {
			t.Errorf("%s shows the key: %s", verb, shown)
		}
	}
}
