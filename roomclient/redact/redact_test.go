// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package redact_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

const value = "hunter2"

type holder struct {
	Name  string
	Value redact.Bytes
}

func TestBytesNeverShowThemselves(t *testing.T) {
	t.Parallel()
	secret := redact.Bytes(value)
	leaks := map[string]string{"text": value, "hex": fmt.Sprintf("%x", value), "HEX": fmt.Sprintf("%X", value), "numbers": "104 117"}
	outputs := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%o", "%b", "%c", "%U", "%t", "%20s", "%!"} {
		outputs["a value with "+verb] = fmt.Sprintf(verb, secret)
		outputs["a pointer with "+verb] = fmt.Sprintf(verb, &secret)
		outputs["a struct with "+verb] = fmt.Sprintf(verb, holder{Name: "n", Value: secret})
		outputs["a list with "+verb] = fmt.Sprintf(verb, []redact.Bytes{secret})
	}
	outputs["Println"] = fmt.Sprintln(secret, holder{Value: secret})
	outputs["an error"] = fmt.Errorf("set %v: %s", secret, secret).Error()
	encoded, err := json.Marshal(map[string]any{"h": holder{Value: secret}, "p": &secret})
	if err != nil {
		t.Fatal(err)
	}
	outputs["JSON"] = string(encoded)
	text, err := secret.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	outputs["text"] = string(text)
	var buf bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&buf, nil), slog.NewJSONHandler(&buf, nil)} {
		slog.New(handler).Info("m", "value", secret, "holder", holder{Value: secret}, slog.Group("g", "value", secret))
	}
	outputs["slog"] = buf.String()
	outputs["logr"] = fmt.Sprint(secret.MarshalLog())

	for name, output := range outputs {
		for form, leak := range leaks {
			if strings.Contains(output, leak) {
				t.Errorf("%s shows the value as %s: %s", name, form, output)
			}
		}
	}
}

func TestBytesAreOrdinaryBytesOtherwise(t *testing.T) {
	t.Parallel()
	var secret redact.Bytes = []byte(value)
	var plain []byte = secret
	if string(plain) != value {
		t.Errorf("got %q, want %q", plain, value)
	}
	secret.Wipe()
	if !bytes.Equal(plain, make([]byte, len(value))) {
		t.Errorf("Wipe left %q", plain)
	}
}
