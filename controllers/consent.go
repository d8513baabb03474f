// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

const (
	// answerTimeout is how long the answer to a request may take, with the connection that is made for it.
	answerTimeout = 20 * time.Second
	// withdrawTimeout is how long it may take to note that a decision came to nothing.
	withdrawTimeout = 10 * time.Second
)

// conflicts is how often a decision is tried again when somebody else writes to the same status meanwhile.
func conflicts() wait.Backoff {
	return wait.Backoff{Steps: 10, Duration: 10 * time.Millisecond, Factor: 2, Jitter: 0.5, Cap: time.Second}
}

// consents is the store of the consent page: what waits in the status of RoomSecrets. Nothing of it depends on who leads: a
// decision is a write to the status that fails if the status is not as it was read, and the room gets the answer over a
// connection of its own.
type consents struct {
	// cached reads from the cache, live from the API server, and kube writes.
	cached, live client.Reader
	kube         client.Client
	credentials  credentials
	dial         sessions.Dialer
	clock        clock.PassiveClock
}

var _ consent.Store = (*consents)(nil)

// NewConsents returns the store of the consent page, for any replica.
func NewConsents(mgr ctrl.Manager, o Options) consent.Store {
	return &consents{
		cached: mgr.GetClient(), live: mgr.GetAPIReader(), kube: mgr.GetClient(),
		credentials: credentials{live: mgr.GetAPIReader(), digests: o.Digests, hosts: o.Hosts},
		dial:        sessions.Dial, clock: clock.RealClock{},
	}
}

// List implements consent.Store, from the cache.
func (c *consents) List(ctx context.Context) ([]consent.Authorization, error) {
	var list roomv1alpha1.RoomSecretList
	if err := c.cached.List(ctx, &list); err != nil {
		return nil, fmt.Errorf("list RoomSecrets: %w", err)
	}
	var all []consent.Authorization
	for i := range list.Items {
		for _, pending := range list.Items[i].Status.Pending {
			if a, ok := c.authorization(&list.Items[i], pending); ok && a.State == consent.Waiting {
				all = append(all, a)
			}
		}
	}
	return all, nil
}

// Get implements consent.Store, from the API server: a link can be opened before the cache knows of it.
func (c *consents) Get(ctx context.Context, ref consent.Ref) (consent.Authorization, error) {
	rs, index, err := c.find(ctx, ref)
	if err != nil {
		return consent.Authorization{}, err
	}
	a, _ := c.authorization(rs, rs.Status.Pending[index])
	return a, nil
}

// Decide implements consent.Store. The decision is written down before the room is told: so of several at once one is made.
func (c *consents) Decide(ctx context.Context, ref consent.Ref, d consent.Decision) error {
	state := roomv1alpha1.PendingDenied
	if d.Approved {
		state = roomv1alpha1.PendingApproved
	}
	rs, err := c.write(ctx, ref, roomv1alpha1.PendingWaiting, state, d.By)
	if err != nil {
		return err
	}
	err = c.answer(ctx, rs, ref.RequestID, d)
	if errors.Is(err, roomclient.ErrNotFound) {
		return consent.ErrGone
	}
	if err == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), withdrawTimeout)
	defer cancel()
	if _, again := c.write(ctx, ref, state, roomv1alpha1.PendingWaiting, ""); again != nil {
		return errors.Join(err, fmt.Errorf("withdraw the decision: %w", again))
	}
	return err
}

// find returns a RoomSecret as it is now, and the index of a request that somebody may decide.
func (c *consents) find(ctx context.Context, ref consent.Ref) (*roomv1alpha1.RoomSecret, int, error) {
	var rs roomv1alpha1.RoomSecret
	err := c.live.Get(ctx, client.ObjectKey{Namespace: ref.Namespace, Name: ref.Name}, &rs)
	if apierrors.IsNotFound(err) {
		return nil, 0, consent.ErrGone
	}
	if err != nil {
		return nil, 0, fmt.Errorf("read the RoomSecret of a request: %w", err)
	}
	index := slices.IndexFunc(rs.Status.Pending, func(p roomv1alpha1.PendingRequest) bool { return p.Name == ref.RequestID })
	if index < 0 {
		return nil, 0, consent.ErrGone
	}
	if _, ok := c.authorization(&rs, rs.Status.Pending[index]); !ok {
		return nil, 0, consent.ErrGone
	}
	return &rs, index, nil
}

// write changes the state of a request that has the state from. It returns ErrDecided if it has another.
func (c *consents) write(ctx context.Context, ref consent.Ref, from, to roomv1alpha1.PendingState, by string) (*roomv1alpha1.RoomSecret, error) {
	var written *roomv1alpha1.RoomSecret
	err := retry.RetryOnConflict(conflicts(), func() error {
		rs, index, err := c.find(ctx, ref)
		if err != nil {
			return err
		}
		base := rs.DeepCopy()
		pending := &rs.Status.Pending[index]
		if pending.State != from {
			return consent.ErrDecided
		}
		pending.State, pending.DecidedBy = to, by
		written = rs
		return patchStatus(ctx, c.kube, base, rs)
	})
	if apierrors.IsNotFound(err) {
		return nil, consent.ErrGone
	}
	return written, err
}

// answer tells the room, over a connection that is there for this alone.
func (c *consents) answer(ctx context.Context, rs *roomv1alpha1.RoomSecret, requestID string, d consent.Decision) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	room, err := getRoom(ctx, c.cached, roomKeyOf(rs))
	if err != nil {
		return fmt.Errorf("read the room of a request: %w", err)
	}
	how, err := c.credentials.read(ctx, room)
	if err != nil {
		return err
	}
	session, err := c.dial(ctx, sessions.Call{
		Room: how.Room, Identity: how.Identity, Clock: c.clock, Changed: func() {},
		Issued: func(context.Context, string, time.Time) error { return nil },
	})
	if err != nil {
		return err
	}
	defer func() { _ = session.Close() }() // what is to be said has been said
	if err := session.Wait(ctx); err != nil {
		return err
	}
	if d.Approved {
		return session.Secrets().ProvideOAuthAuthorization(ctx, requestID, d.Code)
	}
	return session.Secrets().RejectOAuthAuthorization(ctx, requestID, d.Reason)
}

// authorization returns what a record in the status of a RoomSecret says somebody is to approve, and false when it says nothing
// of the kind: it is not as the operator has written it, its time is over, or the rules have changed since.
func (c *consents) authorization(rs *roomv1alpha1.RoomSecret, pending roomv1alpha1.PendingRequest) (consent.Authorization, bool) {
	asked := pending.Authorization
	state, known := consentState(pending.State)
	if pending.Kind != roomv1alpha1.RequestOAuthToken || asked == nil || pending.Until == nil || !known ||
		!c.clock.Now().Before(pending.Until.Time) || !isSealed(c.credentials.digests, string(rs.UID), pending) {
		return consent.Authorization{}, false
	}
	rule, ok := ruleOf(rs, pending)
	if !ok {
		return consent.Authorization{}, false
	}
	a := consent.Authorization{
		Ref:  consent.Ref{Namespace: rs.Namespace, Name: rs.Name, RequestID: pending.Name},
		Room: rs.Spec.RoomRef.Name, Asker: pending.Participant, Endpoint: pending.URL,
		ClientID: asked.ClientID, Scopes: asked.Scopes, RedirectURI: asked.RedirectURI, Challenge: asked.Challenge,
		DelegateTo: asked.DelegateTo, Since: pending.Since.Time, Until: pending.Until.Time, State: state,
	}
	if rule.Approvers != nil {
		a.Approvers = &consent.Approvers{Emails: rule.Approvers.Emails, Groups: rule.Approvers.Groups}
	}
	return a, true
}

func consentState(state roomv1alpha1.PendingState) (consent.State, bool) {
	switch state {
	case roomv1alpha1.PendingWaiting:
		return consent.Waiting, true
	case roomv1alpha1.PendingApproved:
		return consent.Approved, true
	case roomv1alpha1.PendingDenied:
		return consent.Denied, true
	default:
		return "", false
	}
}

// ruleOf returns the rule of a RoomSecret that describes a request now: it may not be where it was, and who may approve is what
// it says now. What else has changed is for the next request.
func ruleOf(rs *roomv1alpha1.RoomSecret, pending roomv1alpha1.PendingRequest) (rule roomv1alpha1.ProvideOAuth, ok bool) {
	if rs.Spec.Provide == nil || rs.Spec.Suspend || !rs.DeletionTimestamp.IsZero() {
		return rule, false
	}
	asked := pending.Authorization
	decision := plan.ProvideToken([]*plan.Provider{{
		Namespace: rs.Namespace, Name: rs.Name, Access: plan.Access{Namespace: rs.Namespace, Everything: true}, Spec: rs.Spec.Provide,
	}}, plan.AskedToken{
		Asked:    plan.Asked{URL: pending.URL, Asker: pending.Participant, DelegateTo: asked.DelegateTo},
		ClientID: asked.ClientID, Scopes: asked.Scopes, RedirectURI: asked.RedirectURI,
	}, asked.RedirectURI)
	if decision.Verdict != plan.Answer {
		return rule, false
	}
	return rs.Spec.Provide.OAuth[decision.Rule], true
}
