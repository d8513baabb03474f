// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package programs

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
)

// Shows reports whether a text has a secret, as it is or in one of the forms in which it travels.
func Shows(text, secret string) bool {
	forms := make([]string, 0, 5)
	forms = append(forms, secret, hex.EncodeToString([]byte(secret)))
	for before := range 3 { // wherever in a longer text it was encoded
		encoded := base64.RawStdEncoding.EncodeToString(append(make([]byte, before), secret...))
		forms = append(forms, strings.Trim(encoded[4:len(encoded)-4], "="))
	}
	for _, form := range forms {
		if strings.Contains(text, form) {
			return true
		}
	}
	return false
}
