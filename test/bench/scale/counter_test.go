// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
)

// counts are how often something happened, by what.
type counts map[string]float64

// since returns what has happened since.
func (c counts) since(before counts) counts {
	difference := counts{}
	for what, count := range c {
		if count != before[what] {
			difference[what] = count - before[what]
		}
	}
	return difference
}

// sum returns how often something happened whose name begins with one of the prefixes.
func (c counts) sum(prefixes ...string) (sum float64) {
	for what, count := range c {
		if slices.ContainsFunc(prefixes, func(prefix string) bool { return strings.HasPrefix(what, prefix) }) {
			sum += count
		}
	}
	return sum
}

// each returns the counts for each of n objects, as text.
func (c counts) each(n int) string {
	var parts []string
	for _, what := range slices.Sorted(maps.Keys(c)) {
		parts = append(parts, fmt.Sprintf("%s %.2f", what, c[what]/float64(n)))
	}
	return strings.Join(parts, ", ")
}

// counter counts requests to the API server, such as "get secrets" and "patch roomsecrets/status".
type counter struct {
	mu     sync.Mutex
	counts counts
}

func newCounter() *counter { return &counter{counts: counts{}} }

func (c *counter) now() counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return maps.Clone(c.counts)
}

type countingTransport struct {
	http.RoundTripper
	counter *counter
}

func (c *counter) wrap(next http.RoundTripper) http.RoundTripper {
	return countingTransport{RoundTripper: next, counter: c}
}

// RoundTrip implements http.RoundTripper.
func (c countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	what := "other " + r.URL.Path
	info, err := (&request.RequestInfoFactory{APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api")}).NewRequestInfo(r)
	if err == nil && info.IsResourceRequest {
		what = info.Verb + " " + info.Resource
		if info.Subresource != "" {
			what += "/" + info.Subresource
		}
		if strings.HasPrefix(info.Name, credentialName) {
			what += " (credential)"
		}
	}
	c.counter.mu.Lock()
	c.counter.counts[what]++
	c.counter.mu.Unlock()
	return c.RoundTripper.RoundTrip(r)
}
