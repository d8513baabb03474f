// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/recorder"
	"sigs.k8s.io/controller-runtime/pkg/source"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/fingerprint"
	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/sessions"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// Answers answers what others in the rooms ask the operator for, beside the reconciles: neither holds the other up. It is
// a manager.Runnable of the replica that leads.
type Answers struct {
	client  client.Client
	live    client.Reader
	rooms   *sessions.Pool
	consent consent.Links
	digests fingerprint.Key
	metrics *Metrics
	events  recorder.EventRecorder
	// audit has a line for each answer, and log what goes wrong.
	audit, log logr.Logger
	clock      clock.WithTicker

	queue  *questionQueue
	askers askers
	book   answerBook
}

// newAnswers returns what answers others in the rooms of the options, and has the connections pass on what they ask.
func newAnswers(mgr ctrl.Manager, o Options) *Answers {
	a := &Answers{
		client: mgr.GetClient(), live: mgr.GetAPIReader(), rooms: o.Rooms, consent: o.Consent, digests: o.Digests,
		metrics: o.Metrics, events: mgr.GetEventRecorder("roomsecret-operator"), audit: mgr.GetLogger().WithName("audit"), log: mgr.GetLogger().WithName("answers"),
		clock: clock.RealClock{}, queue: newQuestionQueue(),
		book: answerBook{wake: func(types.NamespacedName, time.Duration) {}},
	}
	o.Rooms.Handle(a.handlers())
	return a
}

// unanswerable is how long the operator goes on trying to tell a room an answer. Whoever asks has waited long enough then.
const unanswerable = 2 * time.Minute

// Start implements manager.Runnable.
func (a *Answers) Start(ctx context.Context) error {
	a.queue.serve(ctx, a.answer)
	return nil
}

// handlers returns what takes up questions.
func (a *Answers) handlers() sessions.Handlers {
	return sessions.Handlers{
		Secret: func(key sessions.RoomKey, request roomclient.PendingSecretRequest) {
			a.take(secretQuestion(key, request, a.clock.Now()))
		},
		OAuth: func(key sessions.RoomKey, request roomclient.PendingOAuthRequest) {
			a.take(tokenQuestion(key, request, a.clock.Now()))
		},
	}
}

// take takes up a question; it does not wait.
func (a *Answers) take(q question) {
	if !a.queue.put(q) {
		a.metrics.answered(q.kind, answerDropped)
	}
}

// answer answers one question.
func (a *Answers) answer(ctx context.Context, q question) {
	if !a.clock.Now().Before(q.until) {
		a.tell(q, plan.Decision{}, answerExpired, "")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, min(q.until.Sub(a.clock.Now()), unanswerable))
	defer cancel()
	providers, err := a.providers(ctx, q.room)
	if err != nil {
		a.log.Error(err, "find out who answers", "room", q.room.String())
		a.tell(q, plan.Decision{}, answerFailed, "")
		return
	}
	if len(providers) == 0 {
		a.tell(q, plan.Decision{}, answerIgnored, "")
		return
	}
	decision, value := a.decide(ctx, q, providers)
	switch {
	case decision.Verdict == plan.Ignore:
		a.tell(q, decision, answerIgnored, "")
	case decision.Verdict == plan.Reject:
		a.conclude(q, decision, answerRejected, a.send(ctx, func() error { return a.reject(ctx, q, decision.Refusal) }))
	case q.kind == roomv1alpha1.RequestSecret:
		a.conclude(q, decision, answerProvided, a.send(ctx, func() error { return a.rooms.Desk(q.room).ProvideSecret(ctx, q.id, value) }))
	}
}

// decide decides about a question. The value is that of a secret that is to be given. What is for nobody here to answer does
// not count as asked too often: it may be for somebody else.
func (a *Answers) decide(ctx context.Context, q question, providers []*plan.Provider) (plan.Decision, redact.Bytes) {
	var decision plan.Decision
	if q.kind == roomv1alpha1.RequestSecret {
		decision = plan.ProvideSecret(providers, q.asked.Asked)
	} else {
		decision = plan.ProvideToken(providers, q.asked, a.callback())
	}
	switch {
	case decision.Verdict == plan.Ignore:
		return decision, nil
	case !a.askers.admit(q, a.clock.Now()):
		decision.Verdict, decision.Refusal = plan.Reject, plan.RefusalTooMany
		return decision, nil
	case decision.Verdict == plan.Reject:
		return decision, nil
	case q.kind == roomv1alpha1.RequestSecret:
		return a.valueFor(ctx, decision)
	}
	return a.hold(ctx, q, decision), nil
}

// valueFor reads the value that a rule gives. It is read now, so that it is the one of now.
func (a *Answers) valueFor(ctx context.Context, d plan.Decision) (plan.Decision, redact.Bytes) {
	ref := d.By.Spec.Secrets[d.Rule].SecretKeyRef
	var secret corev1.Secret
	err := a.live.Get(ctx, client.ObjectKey{Namespace: d.By.Namespace, Name: ref.Name}, &secret)
	if err != nil && !apierrors.IsNotFound(err) {
		a.log.Error(err, "read the Secret that is asked for", "roomSecret", d.By.Namespace+"/"+d.By.Name)
	}
	value, ok := secret.Data[ref.Key]
	if err != nil || !ok {
		d.Verdict, d.Refusal = plan.Reject, plan.RefusalUnavailable
		return d, nil
	}
	return d, value
}

// callback returns where providers send whoever approves; empty without a consent page.
func (a *Answers) callback() string {
	if a.consent.URL == "" {
		return ""
	}
	return a.consent.Callback()
}

// maxPendingSize is how much room a request may take in the status, in bytes. As many as may wait must fit into what the API
// server can store, whatever characters they are made of: some take six times as much room as others.
const maxPendingSize = 8 << 10

// hold keeps a request of a token until somebody has approved it.
func (a *Answers) hold(ctx context.Context, q question, d plan.Decision) plan.Decision {
	request := q.awaiting(d.Rule)
	if text, err := json.Marshal(request); err != nil || len(text) > maxPendingSize {
		d.Verdict, d.Refusal = plan.Reject, plan.RefusalInvalid
		return d
	}
	name := types.NamespacedName{Namespace: d.By.Namespace, Name: d.By.Name}
	var rs roomv1alpha1.RoomSecret
	err := a.client.Get(ctx, name, &rs)
	if err == nil && string(rs.UID) == d.By.UID && a.book.await(name, rs.UID, request, rs.Status.Pending) {
		return d
	}
	d.Verdict, d.Refusal = plan.Reject, plan.RefusalTooMany
	if err != nil {
		d.Refusal = plan.RefusalUnavailable
	}
	return d
}

// awaiting returns a request of a token as it is kept in the status, without its link and its seal.
func (q question) awaiting(rule int) roomv1alpha1.PendingRequest {
	return roomv1alpha1.PendingRequest{
		Name: q.id, Kind: q.kind, Participant: printable(q.from()), URL: q.asked.URL, State: roomv1alpha1.PendingWaiting,
		Since: metav1.NewTime(q.since.Truncate(time.Second)), Until: &metav1.Time{Time: q.until.Truncate(time.Second)},
		Authorization: &roomv1alpha1.PendingAuthorization{
			Rule: int32(rule), ClientID: q.asked.ClientID, Scopes: q.asked.Scopes, RedirectURI: q.asked.RedirectURI, //nolint:gosec // there are 16 rules at most
			Challenge: q.asked.Challenge, DelegateTo: q.asked.DelegateTo,
		},
	}
}

func (a *Answers) reject(ctx context.Context, q question, refusal plan.Refusal) error {
	if q.kind == roomv1alpha1.RequestSecret {
		return a.rooms.Desk(q.room).RejectSecret(ctx, q.id, string(refusal))
	}
	return a.rooms.Desk(q.room).RejectAuthorization(ctx, q.id, string(refusal))
}

// errPerhaps says that nobody knows whether an answer has arrived: the room has not confirmed it.
var errPerhaps = errors.New("the answer may have arrived")

// send sends an answer, once more after each loss of the connection. It returns roomclient.ErrNotFound when nobody waits for
// it any more.
func (a *Answers) send(ctx context.Context, try func() error) error {
	sent := false
	for attempt := 0; ; attempt++ {
		err := try()
		switch {
		case errors.Is(err, roomclient.ErrNotFound) && sent:
			return errPerhaps
		case errors.Is(err, roomclient.ErrClosed):
			sent = true
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
			return errPerhaps
		case !errors.Is(err, roomclient.ErrNotConnected):
			return err
		}
		timer := a.clock.NewTimer(roomclient.Delay(attempt, rand.Float64())) //nolint:gosec // jitter spreads load and guards nothing
		select {
		case <-ctx.Done():
			timer.Stop()
			if sent {
				return errPerhaps
			}
			return err
		case <-timer.C():
		}
	}
}

// conclude tells of an answer, given how sending it went. One that may have arrived counts: what is not written down would be
// worse than what is written down for nothing.
func (a *Answers) conclude(q question, d plan.Decision, outcome string, err error) {
	switch {
	case errors.Is(err, errPerhaps), err == nil:
		a.tell(q, d, outcome, d.Refusal)
	case errors.Is(err, roomclient.ErrNotFound):
		a.tell(q, d, answerExpired, "")
	default:
		a.log.V(1).Info("an answer could not be sent", "room", q.room.String(), "cause", err.Error())
		a.tell(q, d, answerFailed, "")
	}
}

// tell counts what has become of a question and, if it was answered, writes that down: in the audit log, and for the status
// of the RoomSecret that describes it.
func (a *Answers) tell(q question, d plan.Decision, outcome string, refusal plan.Refusal) {
	a.metrics.answered(q.kind, outcome)
	shown, ok := map[string]roomv1alpha1.AnswerOutcome{
		answerProvided: roomv1alpha1.AnswerProvided, answerRejected: roomv1alpha1.AnswerRejected,
	}[outcome]
	if !ok {
		return
	}
	answer := q.answered(shown, string(refusal))
	answer.Time = metav1.NewTime(a.clock.Now())
	var by types.NamespacedName
	if d.By != nil {
		by = types.NamespacedName{Namespace: d.By.Namespace, Name: d.By.Name}
		a.book.note(by, types.UID(d.By.UID), answer)
	}
	a.writeDown(q.room, by, answer)
}

// writeDown writes one line into the audit log.
func (a *Answers) writeDown(room sessions.RoomKey, by types.NamespacedName, answer roomv1alpha1.Answer) {
	name := ""
	if by.Name != "" {
		name = by.String()
	}
	a.audit.Info("answered", "room", room.String(), "roomSecret", name, "kind", answer.Kind, "url", answer.URL,
		"asker", answer.Participant, "outcome", answer.Outcome, "reason", answer.Message, "by", answer.By)
}

// wakeUps brings the RoomSecrets whose status is to tell of answers to a queue.
func (a *Answers) wakeUps() source.Source {
	return source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		a.book.wakeWith(func(name types.NamespacedName, wait time.Duration) {
			queue.AddAfter(ctrl.Request{NamespacedName: name}, wait)
		})
		return nil
	})
}
