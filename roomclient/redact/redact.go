// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package redact holds the one type that carries a secret through this module:
// bytes that never show themselves in a log line, an error or an encoded object.
package redact

import (
	"fmt"
	"io"
	"log/slog"
)

// Placeholder is what every formatter, encoder and logger sees instead of the bytes.
const Placeholder = "[REDACTED]"

// Bytes is a secret value. It prints as Placeholder with every format verb, in
// JSON, as text, in slog and in logr. A []byte may be assigned to it and back
// without a conversion; the copy is the caller's decision.
type Bytes []byte

// Format implements [fmt.Formatter]; it covers every verb, %x and %#v included.
func (Bytes) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, Placeholder) }

// String implements [fmt.Stringer] for loggers that ask for it directly.
func (Bytes) String() string { return Placeholder }

// MarshalJSON hides the value; a secret is never encoded by accident.
func (Bytes) MarshalJSON() ([]byte, error) { return []byte(`"` + Placeholder + `"`), nil }

// MarshalText hides the value in every encoding that is built on text.
func (Bytes) MarshalText() ([]byte, error) { return []byte(Placeholder), nil }

// LogValue implements [slog.LogValuer].
func (Bytes) LogValue() slog.Value { return slog.StringValue(Placeholder) }

// MarshalLog hides the value from logr sinks.
func (Bytes) MarshalLog() any { return Placeholder }

// Wipe overwrites the bytes with zeros. Call it only on memory you own.
func (b Bytes) Wipe() { clear(b) }
