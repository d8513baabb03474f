// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package errands gets what other participants of rooms are asked for. People take their time: an errand waits for as long as
// it takes, beside the work queue, and tells whoever wants it when there is news. It asks again after a loss, a refusal or a
// silence, later each time, and comes back when somebody is there who was not. It knows rooms and owners by their names only.
package errands
