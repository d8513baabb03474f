// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"slices"
	"testing"
	"time"
)

// underWay is how much longer one request may take than another from where it is let through to where it is seen. On a busy machine
// that is what the scheduler makes of it.
const underWay = time.Second

// limit is what may come: so many a second on average, and so many at once.
type limit struct {
	rate, burst float64
}

// allowed returns how many may come in a window of some length.
func (l limit) allowed(length time.Duration) float64 {
	return l.burst + l.rate*(length+underWay).Seconds()
}

// window is the time between the first and the last of so many that came.
type window struct {
	count  int
	length time.Duration
}

// fullest returns the window that has the largest part of what is allowed in it, and that part: more than 1 says that the
// limit was not kept.
func (l limit) fullest(times []time.Time) (fullest window, part float64) {
	times = slices.SortedFunc(slices.Values(times), time.Time.Compare)
	for first := range times {
		for last := first; last < len(times); last++ {
			w := window{last - first + 1, times[last].Sub(times[first])}
			if p := float64(w.count) / l.allowed(w.length); p > part {
				fullest, part = w, p
			}
		}
	}
	return fullest, part
}

func TestAWindowWithMoreThanTheLimitIsFound(t *testing.T) {
	t.Parallel()
	tenths := func(first, count, apart int) (times []time.Time) {
		for i := range count {
			times = append(times, time.Unix(0, 0).Add(time.Duration(first+i*apart)*100*time.Millisecond))
		}
		return times
	}
	l := limit{rate: 10, burst: 20} // and 10 that may be under way for longer
	cases := map[string]struct {
		times []time.Time
		want  window
		kept  bool
	}{
		"nothing comes":                         {nil, window{}, true},
		"one comes":                             {tenths(0, 1, 1), window{1, 0}, true},
		"as many at once as may":                {tenths(0, 30, 0), window{30, 0}, true},
		"one more at once":                      {tenths(0, 31, 0), window{31, 0}, false},
		"a burst, and then one after the other": {append(tenths(0, 20, 0), tenths(1, 1000, 1)...), window{1020, 100 * time.Second}, true},
		"twice the rate":                        {append(tenths(0, 1000, 1), tenths(0, 1000, 1)...), window{2000, 99900 * time.Millisecond}, false},
		"twice the rate for a while":            {slices.Concat(tenths(0, 1000, 1), tenths(300, 100, 1), tenths(1000, 1000, 1)), window{200, 9900 * time.Millisecond}, false},
		"a burst after a rest":                  {append(tenths(0, 30, 0), tenths(100, 30, 0)...), window{30, 0}, true},
		"a burst without a rest":                {append(tenths(0, 30, 0), tenths(1, 30, 0)...), window{60, 100 * time.Millisecond}, false},
		"the last comes first":                  {append(tenths(1, 1, 0), tenths(0, 31, 0)...), window{31, 0}, false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, part := l.fullest(c.times)
			if kept := part <= 1; got != c.want || kept != c.kept {
				t.Errorf("the fullest window is %v with %v of what is allowed: want %v, and that the limit is kept: %t", got, part, c.want, c.kept)
			}
		})
	}
}
