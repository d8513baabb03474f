// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package laws_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
)

const generation = 3

func condition(kind roomv1alpha1.ConditionType, status metav1.ConditionStatus, reason roomv1alpha1.Reason) metav1.Condition {
	return metav1.Condition{Type: string(kind), Status: status, Reason: string(reason), Message: "Do something.", ObservedGeneration: generation}
}

// failing returns a push of two rows, of which one has a problem that a person must solve. It breaks no law.
func failing() *roomv1alpha1.RoomSecret {
	now := &metav1.Time{Time: time.Unix(1000, 0)}
	return &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "ns", Name: "name", Generation: generation},
		Spec:       roomv1alpha1.RoomSecretSpec{Push: &roomv1alpha1.Push{}},
		Status: roomv1alpha1.RoomSecretStatus{
			ObservedGeneration: generation, Direction: roomv1alpha1.DirectionPush, LastChangeTime: now,
			Conditions: []metav1.Condition{
				condition(roomv1alpha1.ConditionReady, metav1.ConditionFalse, roomv1alpha1.ReasonConflict),
				condition(roomv1alpha1.ConditionStalled, metav1.ConditionTrue, roomv1alpha1.ReasonConflict),
			},
			Summary: &roomv1alpha1.Summary{Ready: "1/2", Desired: 2, InSync: 1, Failed: 1},
			Entries: []roomv1alpha1.EntryStatus{
				{Name: "a", State: roomv1alpha1.EntryInSync, Origin: roomv1alpha1.OriginCreated, Seal: "seal", LastChangeTime: now},
				{Name: "b", State: roomv1alpha1.EntryFailed, Reason: roomv1alpha1.ReasonConflict, Message: "Choose another id."},
			},
		},
	}
}

// answering makes a RoomSecret one that has answered, and then changes its status.
func answering(change func(*roomv1alpha1.RoomSecretStatus)) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec = roomv1alpha1.RoomSecretSpec{Provide: &roomv1alpha1.Provide{}}
		rs.Status.Pending = []roomv1alpha1.PendingRequest{{
			Name: "r", Seal: "seal", Until: &metav1.Time{Time: time.Unix(1000, 0)}, Authorization: &roomv1alpha1.PendingAuthorization{},
		}}
		rs.Status.Answers = &roomv1alpha1.Answers{Provided: 2, Recent: []roomv1alpha1.Answer{
			{Time: metav1.NewTime(time.Unix(1000, 0)), URL: "secret://b"}, {Time: metav1.NewTime(time.Unix(999, 0)), URL: "secret://a"},
		}}
		change(&rs.Status)
	}
}

func TestEachLawIsChecked(t *testing.T) {
	t.Parallel()
	ready := func(rs *roomv1alpha1.RoomSecret) *metav1.Condition { return &rs.Status.Conditions[0] }
	stalled := func(rs *roomv1alpha1.RoomSecret) *metav1.Condition { return &rs.Status.Conditions[1] }
	says := func(message string) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) { ready(rs).Message = message }
	}
	const changes = "does not stay the same"
	cases := map[string]struct {
		change func(*roomv1alpha1.RoomSecret)
		law    string
	}{
		"the status is ahead of the spec":       {func(rs *roomv1alpha1.RoomSecret) { rs.Generation-- }, "observedGeneration is 3, and the generation 2"},
		"Ready is missing":                      {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Conditions = rs.Status.Conditions[1:] }, "Ready is missing"},
		"a condition is of an older generation": {func(rs *roomv1alpha1.RoomSecret) { ready(rs).ObservedGeneration-- }, "Ready is of generation 2"},
		"a condition is stalled beside Ready":   {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Status = metav1.ConditionTrue }, "Stalled is True together with Ready"},
		"an abnormal condition is False":        {func(rs *roomv1alpha1.RoomSecret) { stalled(rs).Status = metav1.ConditionFalse }, "Stalled is there and not True"},
		"a condition that nobody has heard of":  {func(rs *roomv1alpha1.RoomSecret) { stalled(rs).Type = "Available" }, "Available is no condition of ours"},
		"Ready is False because all is well":    {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Reason = "InSync" }, `Ready is False for the reason "InSync"`},
		"Ready is True because of a conflict":   {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Status = metav1.ConditionTrue }, `Ready is True for the reason "Conflict"`},
		"a reason that nobody has heard of":     {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Reason = "Oops" }, `for the reason "Oops"`},
		"a reason of a room":                    {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Reason = "RoomClosed" }, `for the reason "RoomClosed"`},
		"Stalled has another reason than Ready": {func(rs *roomv1alpha1.RoomSecret) { stalled(rs).Reason = "TooLarge" }, `Stalled is True for the reason "TooLarge"`},
		"Stalled by what goes away by itself": {func(rs *roomv1alpha1.RoomSecret) {
			ready(rs).Reason, stalled(rs).Reason = "RoomNotReady", "RoomNotReady"
		}, `Stalled is True for the reason "RoomNotReady"`},
		"a condition without a message":                {says(""), "Ready says nothing"},
		"a message that is too long":                   {says(strings.Repeat("x", 1025)), "a message of 1025 bytes"},
		"a message with a time":                        {says("It failed at 2026-11-24T10:00:00Z."), changes},
		"a message with a duration":                    {says("It is tried again in 1m30s."), changes},
		"a message with a request id":                  {says("Request 2f7c9b1a-0d4e-4c7e-9d55-3f4f6a1f0f11 failed."), changes},
		"a message with an address":                    {says("dial tcp 127.0.0.1:43121: connection refused"), changes},
		"a message with a port":                        {says("dial localhost:43121: connection refused"), changes},
		"a message with a pointer":                     {says("0xc000123456 failed."), changes},
		"an entry with a volatile message":             {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Entries[1].Message = "Wait 3s." }, "entry b has a message with"},
		"an entry that fails for no reason":            {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Entries[1].Reason = "" }, `entry "b" is Failed for no reason`},
		"an entry with a reason of a room":             {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Entries[1].Reason = "Connected" }, `entry "b" has the reason "Connected"`},
		"an entry that is ours without proof":          {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Entries[0].Seal = "" }, `entry "a" has the origin "Created" and a seal of 0 bytes`},
		"an entry that changed and the object did not": {func(rs *roomv1alpha1.RoomSecret) { rs.Status.LastChangeTime = nil }, `entry "a" has changed after`},
		"two entries of one name":                      {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Entries[1].Name = "a" }, `two entries "a"`},
		"a summary that is wrong":                      {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Summary.Failed = 0 }, "the summary is"},
		"a summary that is missing":                    {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Summary = nil }, "the summary is missing"},
		"Ready with an entry that failed":              {func(rs *roomv1alpha1.RoomSecret) { ready(rs).Status = metav1.ConditionTrue }, "Ready is True with 1/2 entries in sync"},
		"the wrong direction":                          {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Direction = roomv1alpha1.DirectionPull }, `the direction is "Pull"`},
		"answers of a push":                            {func(rs *roomv1alpha1.RoomSecret) { rs.Status.Answers = &roomv1alpha1.Answers{Provided: 1} }, "1 were provided and 0 rejected by a Push"},
		"less than no answers":                         {answering(func(s *roomv1alpha1.RoomSecretStatus) { s.Answers.Rejected = -1 }), "-1 rejected by a Provide"},
		"answers in the wrong order":                   {answering(func(s *roomv1alpha1.RoomSecretStatus) { slices.Reverse(s.Answers.Recent) }), "the newest first"},
		"an answer with a query":                       {answering(func(s *roomv1alpha1.RoomSecretStatus) { s.Answers.Recent[0].URL = "a?token=x" }), "more of a url than it may"},
		"an answer with a long url":                    {answering(func(s *roomv1alpha1.RoomSecretStatus) { s.Answers.Recent[0].URL = strings.Repeat("x", 257) }), "more of a url than it may"},
		"a request without a seal":                     {answering(func(s *roomv1alpha1.RoomSecretStatus) { s.Pending[0].Seal = "" }), `the request "r" waits`},
		"a request that waits for nothing":             {answering(func(s *roomv1alpha1.RoomSecretStatus) { s.Pending[0].Authorization = nil }), `the request "r" waits`},
		"two conditions that contradict each other": {func(rs *roomv1alpha1.RoomSecret) {
			rs.Status.Conditions = append(rs.Status.Conditions, condition(roomv1alpha1.ConditionReconciling, metav1.ConditionTrue, roomv1alpha1.ReasonConflict))
		}, "Reconciling and Stalled are True together"},
		"what is ready and tools take for work under way": {func(rs *roomv1alpha1.RoomSecret) {
			ready(rs).Status, ready(rs).Reason, stalled(rs).Type = metav1.ConditionTrue, "InSync", "Reconciling"
		}, "kstatus reads it as InProgress and not as Current"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rs := failing()
			c.change(rs)
			broken, err := laws.Check(rs)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.ContainsFunc(broken, func(law string) bool { return strings.Contains(law, c.law) }) {
				t.Errorf("%q is not among %q", c.law, broken)
			}
		})
	}
}

// waiting returns a pull that waits for bob. It breaks no law.
func waiting() *roomv1alpha1.RoomSecret {
	rs := failing()
	rs.Spec = roomv1alpha1.RoomSecretSpec{Pull: &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "a", Request: &roomv1alpha1.PullRequest{}}}}}
	rs.Status.Direction = roomv1alpha1.DirectionPull
	rs.Status.Conditions = []metav1.Condition{condition(roomv1alpha1.ConditionReady, metav1.ConditionFalse, roomv1alpha1.ReasonAwaitingParticipant)}
	rs.Status.Summary = &roomv1alpha1.Summary{Ready: "0/1", Desired: 1, Pending: 1}
	rs.Status.Entries = []roomv1alpha1.EntryStatus{{Name: "a", State: roomv1alpha1.EntryPending, Reason: roomv1alpha1.ReasonAwaitingParticipant, Message: "Wait."}}
	rs.Status.Pending = []roomv1alpha1.PendingRequest{{
		Name: "a", Kind: roomv1alpha1.RequestSecret, Participant: "bob", State: roomv1alpha1.PendingWaiting, Since: *rs.Status.LastChangeTime,
	}}
	return rs
}

func TestEachLawOfWaitingIsChecked(t *testing.T) {
	t.Parallel()
	pending := func(change func(*roomv1alpha1.PendingRequest)) func(*roomv1alpha1.RoomSecret) {
		return func(rs *roomv1alpha1.RoomSecret) { change(&rs.Status.Pending[0]) }
	}
	for law, change := range map[string]func(*roomv1alpha1.RoomSecret){
		"": func(*roomv1alpha1.RoomSecret) {},
		"a push waits for nobody": func(rs *roomv1alpha1.RoomSecret) {
			rs.Spec, rs.Status.Direction = failing().Spec, roomv1alpha1.DirectionPush
		},
		"Ready is True with 1 pending": func(rs *roomv1alpha1.RoomSecret) {
			rs.Status.Conditions[0].Status, rs.Status.Conditions[0].Reason = metav1.ConditionTrue, "InSync"
		},
		"is of no entry that asks":            func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries[0].Request = nil },
		"ends before it begins":               pending(func(p *roomv1alpha1.PendingRequest) { p.Until = &metav1.Time{Time: time.Unix(1, 0)} }),
		"asks nobody":                         pending(func(p *roomv1alpha1.PendingRequest) { p.Participant = "" }),
		"is Rejected after 0 attempts":        pending(func(p *roomv1alpha1.PendingRequest) { p.State = roomv1alpha1.PendingRejected }),
		"the time of the next is there: true": pending(func(p *roomv1alpha1.PendingRequest) { p.NextAttemptTime = &p.Since }),
	} {
		t.Run(law, func(t *testing.T) {
			t.Parallel()
			rs := waiting()
			change(rs)
			broken, err := laws.Check(rs)
			if err != nil {
				t.Fatal(err)
			}
			if law == "" && len(broken) > 0 || law != "" && !slices.ContainsFunc(broken, func(b string) bool { return strings.Contains(b, law) }) {
				t.Errorf("%q is not among %q", law, broken)
			}
		})
	}
}

func TestWhatIsLawful(t *testing.T) {
	t.Parallel()
	connecting := func(object client.Object) client.Object {
		room, ok := object.(*roomv1alpha1.Room)
		if ok {
			room.Status.ObservedGeneration, room.Generation = generation, generation
			room.Status.Conditions = []metav1.Condition{condition(roomv1alpha1.ConditionReady, metav1.ConditionFalse, roomv1alpha1.ReasonConnecting)}
		}
		return object
	}
	unseen := failing()
	unseen.Generation, unseen.Status = 1, roomv1alpha1.RoomSecretStatus{ObservedGeneration: -1}
	rotated := failing()
	rotated.Generation++
	intent := failing()
	intent.Status.Entries = append(intent.Status.Entries, roomv1alpha1.EntryStatus{Name: "c", State: roomv1alpha1.EntryPending, Reason: roomv1alpha1.ReasonProgressing})
	cases := map[string]client.Object{
		"a RoomSecret with a conflict":                failing(),
		"a RoomSecret that no controller has seen":    unseen,
		"a RoomSecret that is about to write a row":   intent,
		"a RoomSecret whose change is not seen yet":   rotated,
		"a Room that is being connected":              connecting(&roomv1alpha1.Room{}),
		"a ClusterRoom that no controller has seen":   &roomv1alpha1.ClusterRoom{ObjectMeta: metav1.ObjectMeta{Generation: 1}, Status: roomv1alpha1.RoomStatus{ObservedGeneration: -1}},
		"a message with a size and a number of items": withMessage("5 of 256 entries are larger than 1 MiB (3 of 4 entries)."),
		"a message with names that look like times":   withMessage(`RoomSecret user-5h2m/app-10s already keeps this room secret "a:1/2".`),
	}
	for name, object := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if broken, err := laws.Check(object); err != nil || len(broken) > 0 {
				t.Errorf("%q, %v", broken, err)
			}
		})
	}
}

func withMessage(message string) *roomv1alpha1.RoomSecret {
	rs := failing()
	rs.Status.Conditions[0].Message = message
	return rs
}
