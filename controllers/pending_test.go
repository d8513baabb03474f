// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"encoding/json"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
)

func pendingForTest(t *testing.T) (fingerprint.Key, roomv1alpha1.PendingRequest) {
	t.Helper()
	digests, err := fingerprint.NewKey(make([]byte, fingerprint.KeySize))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 24, 12, 0, 0, 123456789, time.FixedZone("", 7200))
	pending := roomv1alpha1.PendingRequest{
		Name: "r1", Kind: roomv1alpha1.RequestOAuthToken, Participant: "agent", URL: "https://provider.example/authorize",
		State: roomv1alpha1.PendingWaiting, Since: metav1.NewTime(now), Until: &metav1.Time{Time: now.Add(time.Minute)},
		ConsentURL: "https://operator.example/consent/1",
		Authorization: &roomv1alpha1.PendingAuthorization{
			ClientID: "client", Scopes: []string{"read"}, RedirectURI: "https://operator.example/callback", Challenge: "c", DelegateTo: "d",
		},
	}
	pending.Seal = pendingSeal(digests, "uid", pending)
	return digests, pending
}

// TestASealOfAPendingRequestLastsThroughTheAPIServer reads back what was written: times lose their zone and fractions.
func TestASealOfAPendingRequestLastsThroughTheAPIServer(t *testing.T) {
	t.Parallel()
	digests, pending := pendingForTest(t)
	written, err := json.Marshal(pending)
	if err != nil {
		t.Fatal(err)
	}
	var read roomv1alpha1.PendingRequest
	if err := json.Unmarshal(written, &read); err != nil {
		t.Fatal(err)
	}
	read.State, read.DecidedBy, read.DecidedTime = roomv1alpha1.PendingApproved, "somebody@example.com", new(metav1.Now())
	if !isSealed(digests, "uid", read) {
		t.Error("the seal is not valid any more after the request was written, read and decided")
	}
}

func TestASealOfAPendingRequestCoversWhatPeopleApprove(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*roomv1alpha1.PendingRequest){
		"the id":              func(p *roomv1alpha1.PendingRequest) { p.Name = "r2" },
		"who asks":            func(p *roomv1alpha1.PendingRequest) { p.Participant = "other" },
		"the endpoint":        func(p *roomv1alpha1.PendingRequest) { p.URL = "https://elsewhere.example/authorize" },
		"how long it waits":   func(p *roomv1alpha1.PendingRequest) { p.Until.Time = p.Until.Add(time.Hour) },
		"the client":          func(p *roomv1alpha1.PendingRequest) { p.Authorization.ClientID = "other" },
		"the scopes":          func(p *roomv1alpha1.PendingRequest) { p.Authorization.Scopes = []string{"read", "write"} },
		"the redirect URI":    func(p *roomv1alpha1.PendingRequest) { p.Authorization.RedirectURI = "https://elsewhere.example" },
		"the delegate":        func(p *roomv1alpha1.PendingRequest) { p.Authorization.DelegateTo = "" },
		"the challenge":       func(p *roomv1alpha1.PendingRequest) { p.Authorization.Challenge = "" },
		"the rule":            func(p *roomv1alpha1.PendingRequest) { p.Authorization.Rule = 1 },
		"where it is decided": func(p *roomv1alpha1.PendingRequest) { p.ConsentURL = "https://elsewhere.example" },
		"the seal itself":     func(p *roomv1alpha1.PendingRequest) { p.Seal = "" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			digests, pending := pendingForTest(t)
			change(&pending)
			if isSealed(digests, "uid", pending) {
				t.Errorf("%s was changed and the seal is still valid", name)
			}
		})
	}
	digests, pending := pendingForTest(t)
	if isSealed(digests, "another uid", pending) {
		t.Error("the seal is valid in another RoomSecret")
	}
}
