// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package plan decides what to do. It turns what is wanted, what was observed and what the ledger says is ours into
// steps, and does nothing itself: no clock, no client, no context, no logger. The same input gives the same plan,
// whatever the order of its parts.
//
// The laws that every plan obeys:
//
//   - Unknown is not missing: a row that could not be observed is neither written nor deleted, and its record stays, unless
//     the row is left in the room whatever it holds (deletionPolicy Retain, or a credential that cannot delete).
//   - A source of a pull that cannot say which keys it gives may give any: meanwhile no key is taken out because no source
//     gives it. Of two sources that give one key, none gets it.
//   - What has no valid record in the ledger is not ours: it is not changed unless the policy says Adopt, and never deleted.
//   - What is about to be created is recorded first as an intent. After a crash, an intent is ours only if what is
//     there is exactly what we meant to write.
//   - The target of a pull that is not merged into is the exception: the Secret itself shows who created it, all of it or
//     nothing is ours, and no record changes that.
//   - Planning again after the steps were done gives no more steps.
package plan
