// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"flag"
	"math/rand/v2"
	"testing"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// seed of every random case; a failure names it together with the number of the case.
var seed = flag.Uint64("seed", 20260101, "seed of the random cases")

// dice returns a number from 0 to below sides.
type dice func(sides int) int

// oneIn returns true once in so many throws.
func (d dice) oneIn(throws int) bool { return d(throws) == 0 }

// fromBytes throws what the bytes say, and zero when they are used up.
func fromBytes(data []byte) dice {
	return func(sides int) int {
		if len(data) == 0 {
			return 0
		}
		face := int(data[0]) % sides
		data = data[1:]
		return face
	}
}

// randomly calls f with fresh dice for each of the cases, until one fails.
func randomly(t *testing.T, cases int, f func(t *testing.T, d dice)) {
	t.Helper()
	for i := range cases {
		f(t, rand.New(rand.NewPCG(*seed, uint64(i))).IntN)
		if t.Failed() {
			t.Fatalf("case %d of -seed=%d", i, *seed)
		}
	}
}

// exhaustively calls f once for every sequence of throws that it can make.
func exhaustively(f func(d dice)) {
	var throws, sides []int
	for more := true; more; {
		next := 0
		f(func(n int) int {
			if next == len(throws) {
				throws, sides = append(throws, 0), append(sides, n)
			}
			next++
			return throws[next-1]
		})
		throws, sides = throws[:next], sides[:next]
		for more = false; len(throws) > 0 && !more; {
			last := len(throws) - 1
			if throws[last]++; throws[last] < sides[last] {
				more = true
			} else {
				throws, sides = throws[:last], sides[:last]
			}
		}
	}
}

// pick returns one of the choices.
func pick[T any](d dice, choices ...T) T { return choices[d(len(choices))] }

func anyConflict(d dice) roomv1alpha1.ConflictPolicy {
	return pick(d, roomv1alpha1.ConflictFail, roomv1alpha1.ConflictAdopt, roomv1alpha1.ConflictSkip)
}

func anyDrift(d dice) roomv1alpha1.DriftPolicy {
	return pick(d, roomv1alpha1.DriftCorrect, roomv1alpha1.DriftReport, roomv1alpha1.DriftIgnore)
}

func anyDeletion(d dice) roomv1alpha1.DeletionPolicy {
	return pick(d, roomv1alpha1.DeletionDelete, roomv1alpha1.DeletionRetain)
}
