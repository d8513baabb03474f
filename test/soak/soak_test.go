// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/test/soak/model"
)

// roomCount is how many rooms there are, each with a namespace of its own.
const roomCount = 3

var (
	seed     = flag.Uint64("seed", 1, "seed of all that happens; 0 takes one at random")
	duration = flag.Duration("duration", 30*time.Second, "how long until the last burst begins")
)

func TestSoak(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64N(1e9) + 1
	}
	t.Logf("seed %d", *seed)
	log.SetLogger(logr.Discard())
	w := newWorld(t)
	g := model.NewGenerator(*seed, roomCount)
	w.quiet(model.Burst{Want: g.Rooms()})
	total := counts{}
	for began := time.Now(); time.Since(began) < *duration; {
		burst := g.Burst()
		started := time.Now()
		for _, event := range burst.Events {
			time.Sleep(event.Pause) //nolint:forbidigo // how long nothing happens is part of the burst
			w.perform(event)
			total.add(event)
		}
		happened := time.Since(started)
		w.quiet(burst)
		total["quiet points"]++
		t.Logf("burst %d: %d events in %.1fs, quiet after %.1fs: %s", burst.Number, len(burst.Events), happened.Seconds(),
			(time.Since(started) - happened).Seconds(), standing(burst.Want))
	}
	t.Logf("seed %d: %s; the operator was started again %d times after it had ended by itself", *seed, total, w.revived)
}

// counts are how often what has happened.
type counts map[string]int

func (c counts) add(event model.Event) {
	if event.Fault != "" {
		c["faults"]++
		c[string(event.Fault)]++
		return
	}
	c["steps"]++
	c[strings.TrimPrefix(fmt.Sprintf("%T", event.Step), "model.")]++
}

func (c counts) String() string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%s %d", what, c[what]))
	}
	return strings.Join(parts, ", ")
}

// standing counts the reasons of the RoomSecrets.
func standing(rooms []model.Room) counts {
	c := counts{}
	for _, room := range rooms {
		for _, reason := range room.Reasons() {
			c[reason]++
		}
	}
	return c
}
