// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package shard_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"k8s.io/apimachinery/pkg/labels"

	"github.com/roomsecrets/roomsecret-operator/internal/shard"
)

func selecting(t *testing.T, text string) shard.Shard {
	t.Helper()
	selector, err := labels.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return shard.Shard{Selector: selector}
}

// TestEachObjectIsInOneShardOfAPartition draws objects, and asks each shard of a partition whether it has them.
func TestEachObjectIsInOneShardOfAPartition(t *testing.T) {
	t.Parallel()
	for name, shards := range map[string][]shard.Shard{
		"everything":          {{}},
		"by label":            {selecting(t, "shard=a"), selecting(t, "shard=b"), selecting(t, "shard notin (a,b)")},
		"by two labels":       {selecting(t, "shard=a,!tier"), selecting(t, "shard=a,tier"), selecting(t, "shard in (b,c)"), selecting(t, "!shard"), selecting(t, "shard,shard notin (a,b,c)")},
		"by namespace":        {{Namespaces: []string{"n0", "n1"}}, {Namespaces: []string{"n2"}}, {Namespaces: []string{"n3", "n4"}}},
		"by both":             {{Namespaces: []string{"n0", "n1", "n2"}}, {Namespaces: []string{"n3", "n4"}, Selector: selecting(t, "shard=a").Selector}, {Namespaces: []string{"n3", "n4"}, Selector: selecting(t, "shard!=a").Selector}},
		"a selector for each": twenty(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for range 10_000 {
				namespace, object := draw()
				having := 0
				for _, s := range shards {
					if s.Has(namespace, object) {
						having++
					}
				}
				if having != 1 {
					t.Fatalf("%d shards have an object of namespace %s with labels %v", having, namespace, object)
				}
			}
		})
	}
}

// twenty returns the partition that docs/scaling.md makes: twenty values of one label, and the rest.
func twenty(t *testing.T) []shard.Shard {
	t.Helper()
	shards := []shard.Shard{}
	rest := "shard notin (0"
	for i := range 20 {
		shards = append(shards, selecting(t, fmt.Sprintf("shard=%d", i)))
		rest += fmt.Sprintf(",%d", i)
	}
	return append(shards, selecting(t, rest+")"))
}

// draw returns the namespace and the labels of any object.
func draw() (string, map[string]string) {
	object := map[string]string{}
	for label, values := range map[string][]string{"shard": {"", "a", "b", "c", "d", "0", "7", "19", "20"}, "tier": {"", "x"}} {
		if i := rand.N(len(values) + 1); i < len(values) {
			object[label] = values[i]
		}
	}
	return fmt.Sprintf("n%d", rand.N(5)), object
}

func TestAnObjectOfTheClusterIsInItsShardWhateverTheNamespaces(t *testing.T) {
	t.Parallel()
	s := selecting(t, "shard=a")
	s.Namespaces = []string{"n0"}
	if !s.Has("", map[string]string{"shard": "a"}) || s.Has("", nil) {
		t.Error("the labels of what has no namespace decide alone")
	}
}

func TestShardsHaveLeasesOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := selecting(t, "shard=a")
	both := shard.Shard{Namespaces: []string{"n0"}, Selector: a.Selector}
	leases := map[string]shard.Shard{}
	for _, s := range []shard.Shard{{}, a, selecting(t, "shard=b"), selecting(t, "shard!=a"), {Namespaces: []string{"n0"}}, {Namespaces: []string{"n0", "n1"}}, both} {
		lease := s.Lease("operator")
		if other, taken := leases[lease]; taken {
			t.Errorf("%v and %v compete for one lease", s, other)
		}
		leases[lease] = s
	}
	if lease := (shard.Shard{}).Lease("operator"); lease != "operator" {
		t.Errorf("the lease of everything is %q", lease)
	}
}

func TestReplicasOfAShardCompeteHoweverItIsWritten(t *testing.T) {
	t.Parallel()
	one := shard.Shard{Namespaces: []string{"n1", "n0"}, Selector: selecting(t, "tier,shard in (b,a)").Selector}
	same := shard.Shard{Namespaces: []string{"n0", "n1", "n0"}, Selector: selecting(t, "shard in (a, b), tier").Selector}
	if one.Lease("operator") != same.Lease("operator") {
		t.Error("two spellings of one shard have two leases")
	}
}
