// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
)

// provide tells how the rules of a RoomSecret stand. What others ask for is answered meanwhile, by Answers: it needs nothing
// that is done here.
func (r *RoomSecretReconciler) provide(ctx context.Context, s *scope) error {
	me := providerOf(s.rs, s.access)
	if me.MayProvide() {
		r.Rooms.Desk(s.room.key).Attend()
	}
	providers, err := providersIn(ctx, r.Client, s.room, s.client.Own())
	if err != nil {
		return err
	}
	others := slices.DeleteFunc(providers, func(p *plan.Provider) bool { return p.UID == string(s.rs.UID) })
	sources := sourceReader{live: r.Live, namespace: s.rs.Namespace, read: map[string]*corev1.Secret{}}
	rules := plan.ProvidedRules(me, others)
	entries := make([]roomv1alpha1.EntryStatus, len(rules))
	for i, rule := range rules {
		if entries[i], err = r.ruleEntry(ctx, s, rule, sources); err != nil {
			return err
		}
	}
	s.rs.Status.Entries = entries
	return nil
}

// ruleEntry tells how a rule stands.
func (r *RoomSecretReconciler) ruleEntry(ctx context.Context, s *scope, rule plan.ProvidedRule, sources sourceReader) (roomv1alpha1.EntryStatus, error) {
	entry := roomv1alpha1.EntryStatus{Name: rule.Name(), ID: string(rule.URL), State: roomv1alpha1.EntryInSync}
	fail := func(reason roomv1alpha1.Reason, format string, args ...any) {
		entry.State, entry.Reason, entry.Message = roomv1alpha1.EntryFailed, reason, fmt.Sprintf(format, args...)
	}
	switch {
	case rule.Problem != nil:
		fail(rule.Problem.Reason, "%s", rule.Problem.Message)
	case rule.Behind != "":
		entry.State, entry.Reason = roomv1alpha1.EntrySkipped, roomv1alpha1.ReasonConflict
		entry.Message = fmt.Sprintf("All that this rule describes is answered by %s: take one of them away, or say more in this one.", rule.Behind)
	case rule.Kind == roomv1alpha1.RequestOAuthToken && r.Answers.consent.URL == "":
		fail(roomv1alpha1.ReasonUnsupported, "This operator has no page on which people could approve: start it with --consent-address and --consent-url.")
	case rule.Kind == roomv1alpha1.RequestSecret:
		ref := s.rs.Spec.Provide.Secrets[rule.Index].SecretKeyRef
		secret, err := sources.get(ctx, ref.Name)
		if err != nil {
			return entry, err
		}
		if secret == nil {
			fail(roomv1alpha1.ReasonSourceNotFound, "Secret %q does not exist: create it, or correct secretKeyRef.", ref.Name)
		} else if _, ok := secret.Data[ref.Key]; !ok {
			fail(roomv1alpha1.ReasonKeyNotFound, "Secret %q has no key %q: add it, or correct secretKeyRef.", ref.Name, ref.Key)
		}
	}
	return entry, nil
}

// sourceReader reads each Secret of a namespace once.
type sourceReader struct {
	live      client.Reader
	namespace string
	read      map[string]*corev1.Secret
}

// get returns a Secret, and nil when there is none.
func (s sourceReader) get(ctx context.Context, name string) (*corev1.Secret, error) {
	if secret, known := s.read[name]; known {
		return secret, nil
	}
	secret := &corev1.Secret{}
	err := s.live.Get(ctx, client.ObjectKey{Namespace: s.namespace, Name: name}, secret)
	if apierrors.IsNotFound(err) {
		secret, err = nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read Secret %q: %w", name, err)
	}
	s.read[name] = secret
	return secret, nil
}
