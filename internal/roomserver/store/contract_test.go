// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

const limit = 64 << 10

// stores are the implementations the contract is tested on, each with the same limit.
func stores(t *testing.T) map[string]store.Store {
	t.Helper()
	bolt, err := store.OpenBolt(store.BoltConfig{Dir: t.TempDir(), MaxBytes: limit})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bolt.Close() })
	return map[string]store.Store{"memory": store.NewMemory(limit), "bolt": bolt}
}

func onEachStore(t *testing.T, test func(t *testing.T, s store.Store)) {
	t.Helper()
	for name, s := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

func row(room, owner, id, delegate string) store.Row {
	return store.Row{
		Info: store.Info{
			Key:  store.Key{Room: room, Owner: owner, ID: id, DelegatedTo: delegate},
			Type: "text/plain", Name: "name of " + id,
		},
		Value: []byte("value of " + id + " for " + delegate),
	}
}

func put(t *testing.T, s store.Store, rows ...store.Row) {
	t.Helper()
	for _, r := range rows {
		if err := s.Put(t.Context(), r); err != nil {
			t.Fatalf("put %v: %v", r, err)
		}
	}
}

func TestARowIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	cases := map[string]store.Row{
		"an ordinary row":        row("r", "alice", "id", ""),
		"a delegated row":        row("r", "alice", "id", "bob"),
		"an empty value":         {Info: store.Info{Key: store.Key{Room: "r", Owner: "a", ID: "empty"}}, Value: []byte{}},
		"zero bytes in each key": row("r\x00", "a\x00\x01", "\x00\xff", "\x00\x01"),
		"text that is not UTF-8": {
			Info:  store.Info{Key: store.Key{Room: "r", Owner: "\xff", ID: "\xfe"}, Type: "\xfd", Name: "\xfc"},
			Value: []byte{0, 1, 2},
		},
		"a value over many pages": {
			Info:  store.Info{Key: store.Key{Room: "r", Owner: "a", ID: "long"}},
			Value: []byte(strings.Repeat("x", 40_000)),
		},
	}
	onEachStore(t, func(t *testing.T, s store.Store) {
		for name, want := range cases {
			put(t, s, want)
			got, err := s.Get(t.Context(), want.Key)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want.Info, got.Info); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
			if string(want.Value) != string(got.Value) {
				t.Errorf("%s: value differs", name)
			}
			if err := s.Delete(t.Context(), want.Key); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestEveryMemberOfAKeyTakesPart(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		rows := []store.Row{
			row("r", "a", "id", ""), row("r", "a", "id", "b"), row("r", "a", "other", ""),
			row("r", "b", "id", ""), row("q", "a", "id", ""), row("ra", "", "id", ""), row("", "ra", "id", ""),
		}
		for i := range rows {
			rows[i].Value = fmt.Append(nil, i)
		}
		put(t, s, rows...)
		for i, want := range rows {
			if got, err := s.Get(t.Context(), want.Key); err != nil || string(got.Value) != fmt.Sprint(i) {
				t.Errorf("row %d: got value %q, error %v", i, string(got.Value), err)
			}
		}
	})
}

func TestListIsSortedAndOfOneOwnerOnly(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		put(t, s,
			row("r", "a", "b", ""), row("r", "a", "a\x00", ""), row("r", "a", "a", "z"), row("r", "a", "a", ""),
			row("r", "a", "a", "y"), row("r", "a", "a\x01", ""), row("r", "a", "ab", ""),
			row("r", "ab", "x", ""), row("r", "", "x", ""), row("ra", "a", "x", ""),
		)
		want := []store.Key{
			{Room: "r", Owner: "a", ID: "a"},
			{Room: "r", Owner: "a", ID: "a", DelegatedTo: "y"},
			{Room: "r", Owner: "a", ID: "a", DelegatedTo: "z"},
			{Room: "r", Owner: "a", ID: "a\x00"},
			{Room: "r", Owner: "a", ID: "a\x01"},
			{Room: "r", Owner: "a", ID: "ab"},
			{Room: "r", Owner: "a", ID: "b"},
		}
		infos, err := s.List(t.Context(), "r", "a")
		if err != nil {
			t.Fatal(err)
		}
		var got []store.Key
		for _, info := range infos {
			got = append(got, info.Key)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		if infos[0].Name != "name of a" || infos[0].Type != "text/plain" {
			t.Errorf("first row is %+v", infos[0])
		}
	})
}

func TestNothingIsThereBeforeItIsWrittenOrAfterItIsDeleted(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		r := row("r", "a", "id", "")
		for range 2 {
			if _, err := s.Get(t.Context(), r.Key); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("get: %v", err)
			}
			if infos, err := s.List(t.Context(), "r", "a"); err != nil || len(infos) != 0 {
				t.Errorf("list: %v, %v", infos, err)
			}
			if err := s.Delete(t.Context(), r.Key); err != nil {
				t.Errorf("delete of a missing row: %v", err)
			}
			put(t, s, r)
			if err := s.Delete(t.Context(), r.Key); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestPutReplacesTheWholeRow(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		first := row("r", "a", "id", "")
		second := store.Row{Info: store.Info{Key: first.Key, Type: "t2", Name: "n2"}, Value: []byte("v2")}
		put(t, s, first, second)
		got, err := s.Get(t.Context(), first.Key)
		if err != nil || got.Info != second.Info || string(got.Value) != "v2" {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

func TestRowsAreCopiedInAndOut(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		value := []byte("value")
		r := store.Row{Info: store.Info{Key: store.Key{Room: "r", Owner: "a", ID: "id"}}, Value: value}
		put(t, s, r)
		value[0] = 'X'
		got, err := s.Get(t.Context(), r.Key)
		if err != nil {
			t.Fatal(err)
		}
		got.Value[1] = 'X'
		again, err := s.Get(t.Context(), r.Key)
		if err != nil || string(again.Value) != "value" {
			t.Errorf("value became %q, %v", string(again.Value), err)
		}
	})
}

func TestAFullStoreRefusesMoreAndStillShrinks(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		big := row("r", "a", "big", "")
		big.Value = make([]byte, limit-1000)
		put(t, s, big)
		other := row("r", "a", "other", "")
		other.Value = make([]byte, 2000)
		if err := s.Put(t.Context(), other); !errors.Is(err, store.ErrFull) {
			t.Fatalf("put beyond the limit: %v", err)
		}
		if _, err := s.Get(t.Context(), other.Key); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("the refused row: %v", err)
		}
		put(t, s, big) // the same again is no growth
		big.Value = big.Value[:1000]
		put(t, s, big, other)
		if err := s.Delete(t.Context(), big.Key); err != nil {
			t.Fatal(err)
		}
		other.Value = make([]byte, limit-1000)
		put(t, s, other)
	})
}

func TestManyTinyRowsFillAStoreToo(t *testing.T) {
	t.Parallel()
	s := store.NewMemory(limit)
	for i := range limit {
		err := s.Put(t.Context(), store.Row{Info: store.Info{Key: store.Key{ID: fmt.Sprint(i)}}})
		if errors.Is(err, store.ErrFull) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Error("the store never filled up")
}

func TestAClosedStoreAndADoneContextFail(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		done, cancel := context.WithCancel(t.Context())
		cancel()
		r := row("r", "a", "id", "")
		expectFailures(t, done, s, r)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		expectFailures(t, t.Context(), s, r)
	})
}

func expectFailures(t *testing.T, ctx context.Context, s store.Store, r store.Row) {
	t.Helper()
	_, getErr := s.Get(ctx, r.Key)
	_, listErr := s.List(ctx, "r", "a")
	for call, err := range map[string]error{
		"put": s.Put(ctx, r), "delete": s.Delete(ctx, r.Key), "get": getErr, "list": listErr,
	} {
		if err == nil || errors.Is(err, store.ErrNotFound) {
			t.Errorf("%s: error %v", call, err)
		}
	}
}

func TestAStoreIsSafeForConcurrentUse(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		var callers sync.WaitGroup
		for i := range 8 {
			callers.Go(func() {
				r := row("r", "a", fmt.Sprint(i), "")
				for range 5 {
					_ = s.Put(t.Context(), r)
					_, _ = s.Get(t.Context(), r.Key)
					_, _ = s.List(t.Context(), "r", "a")
				}
			})
		}
		callers.Wait()
		if infos, err := s.List(t.Context(), "r", "a"); err != nil || len(infos) != 8 {
			t.Errorf("%d rows, %v", len(infos), err)
		}
	})
}

func TestAPrintedRowDoesNotShowItsValue(t *testing.T) {
	t.Parallel()
	r := row("r", "a", "id", "")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		if text := fmt.Sprintf(verb, r); strings.Contains(text, "value of") || strings.Contains(text, "76616c7565") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
}

func TestCreateAndReplaceMindWhetherARowExists(t *testing.T) {
	t.Parallel()
	onEachStore(t, func(t *testing.T, s store.Store) {
		first := row("r", "a", "id", "")
		second := first
		second.Value = []byte("second")
		if err := s.Replace(t.Context(), first); !errors.Is(err, store.ErrNotFound) {
			t.Errorf("replace of nothing: %v", err)
		}
		if err := s.Create(t.Context(), first); err != nil {
			t.Fatal(err)
		}
		if err := s.Create(t.Context(), second); !errors.Is(err, store.ErrExists) {
			t.Errorf("create again: %v", err)
		}
		if got, err := s.Get(t.Context(), first.Key); err != nil || string(got.Value) != string(first.Value) {
			t.Errorf("after the refused create: %v, %v", got, err)
		}
		if err := s.Replace(t.Context(), second); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Get(t.Context(), first.Key); err != nil || string(got.Value) != "second" {
			t.Errorf("after the replace: %v, %v", got, err)
		}
	})
}
