// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver_test

import (
	"testing"

	"go.uber.org/goleak"
)

// TestMain fails the run when a goroutine is still there after the last test.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
