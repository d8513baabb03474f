// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

func TestRestarts(t *testing.T) {
	t.Parallel()
	app := roomv1alpha1.Workload{Kind: roomv1alpha1.KindDeployment, Name: "app"}
	db := roomv1alpha1.Workload{Kind: roomv1alpha1.KindStatefulSet, Name: "app"}
	done := func(w roomv1alpha1.Workload, digest string) roomv1alpha1.RestartStatus {
		return roomv1alpha1.RestartStatus{Kind: w.Kind, Name: w.Name, Digest: digest}
	}
	cases := map[string]struct {
		wanted     []roomv1alpha1.Workload
		remembered []roomv1alpha1.RestartStatus
		changed    bool
		want       []roomv1alpha1.Workload
	}{
		"nothing is wanted":                       {remembered: []roomv1alpha1.RestartStatus{done(app, "old")}, changed: true},
		"a workload that nobody has restarted":    {wanted: []roomv1alpha1.Workload{app}, want: []roomv1alpha1.Workload{app}},
		"one that was restarted for this content": {wanted: []roomv1alpha1.Workload{app}, remembered: []roomv1alpha1.RestartStatus{done(app, "new")}},
		"one that was restarted for another": {
			wanted: []roomv1alpha1.Workload{app}, remembered: []roomv1alpha1.RestartStatus{done(app, "old")}, want: []roomv1alpha1.Workload{app},
		},
		"what is remembered counts for nothing when the target changes": {
			wanted: []roomv1alpha1.Workload{app}, remembered: []roomv1alpha1.RestartStatus{done(app, "new")}, changed: true, want: []roomv1alpha1.Workload{app},
		},
		"the kind tells workloads of one name apart": {
			wanted: []roomv1alpha1.Workload{db, app}, remembered: []roomv1alpha1.RestartStatus{done(app, "new")}, want: []roomv1alpha1.Workload{db},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, plan.Restarts(tc.wanted, tc.remembered, "new", tc.changed), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("restarts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheContentIsWhatIsOurs(t *testing.T) {
	t.Parallel()
	merge := creating(roomv1alpha1.CreationMerge)
	cases := map[string]struct {
		in   plan.PullInput
		want []string
	}{
		"a target that is created":   {pullOf(), []string{"TOKEN", "new"}},
		"a key that is written":      {pullOf(target(true, "TOKEN", "old")), []string{"TOKEN", "new"}},
		"a key that stays":           {pullOf(target(true, "TOKEN", "new")), []string{"TOKEN", "new"}},
		"a key whose row is missing": {pullOf(target(true, "TOKEN", "old"), found(plan.Observed{})), []string{"TOKEN", "old"}},
		"a key of others":            {pullOf(target(true, "TOKEN", "new", "OTHER", "x")), []string{"TOKEN", "new"}},
		"a key that is not ours":     {pullOf(merge, target(false, "TOKEN", "theirs")), nil},
		"a key that somebody must confirm to remove": {
			pullOf(noKeys, guarded, target(true, "A", "1", "B", "2", "C", "3"), keyRecorded("A", confirmed("1")), keyRecorded("B", confirmed("2")), keyRecorded("C", confirmed("3"))),
			[]string{"A", "1", "B", "2", "C", "3"},
		},
		"a key that is removed":                {pullOf(noKeys, target(true, "TOKEN", "old"), keyRecorded("TOKEN", confirmed("old"))), nil},
		"a target that is not there":           {pullOf(found(plan.Observed{})), nil},
		"a target that is taken over":          {pullOf(target(false, "TOKEN", "old"), adopting, consenting), []string{"TOKEN", "new"}},
		"labels and immutability mean nothing": {pullOf(target(true, "TOKEN", "new"), relabelled, freezing), []string{"TOKEN", "new"}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tc.want, plan.Pull(tc.in).Content()); diff != "" {
				t.Errorf("content (-want +got):\n%s", diff)
			}
		})
	}
}
