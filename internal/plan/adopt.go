// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// strange reports whether the target is there and not ours, although it should be ours as a whole.
func (in PullInput) strange() bool {
	return in.Creation != roomv1alpha1.CreationMerge && in.Target.Exists && !in.Target.Owned
}

// mayAdopt reports whether a target that is not ours may be taken over. It takes two to agree: who writes the RoomSecret
// asks for it, and who writes the Secret allows it.
func (in PullInput) mayAdopt() bool {
	return in.Adopt && in.Target.Consent && in.Target.Controller == "" && !in.Target.Deleting
}

// strangeProblem says why a target that is not ours is left alone.
func (in PullInput) strangeProblem() *Problem {
	name := in.Target.Name
	switch {
	case !in.Adopt:
		return &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf("Secret %q exists and is not ours: delete it, take it over with target.adopt, choose another target name, or use creationPolicy Merge.", name)}
	case in.Target.Deleting:
		return &Problem{Reason: roomv1alpha1.ReasonProgressing, Message: fmt.Sprintf("Secret %q is being deleted; it is created anew when it is gone.", name), Passing: true}
	case in.Target.Controller != "":
		return &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf("Secret %q belongs to %s, which would go on writing it: choose another target name.", name, in.Target.Controller)}
	}
	return &Problem{Reason: roomv1alpha1.ReasonAdoptionRequired, Message: fmt.Sprintf("Secret %q does not allow to be taken over: give it the annotation %s: %s, or choose another target name.", name, roomv1alpha1.AnnotationAllowAdoption, in.Name)}
}

// origin says how a key that is in step came to be ours.
func (in PullInput) origin(step KeyStep) roomv1alpha1.Origin {
	_, exists := in.Target.Keys[step.Key]
	switch {
	case in.adopting && exists:
		return roomv1alpha1.OriginAdopted
	case step.Before != nil:
		return step.Before.Origin
	}
	return roomv1alpha1.OriginCreated
}

// foreignMetadata says which label or annotation is left as it is. Where we merge, what we did not write is not ours,
// and that goes for metadata as it does for keys.
func (in PullInput) foreignMetadata() *Problem {
	if in.Target.Foreign == "" {
		return nil
	}
	return &Problem{Reason: roomv1alpha1.ReasonConflict, Message: fmt.Sprintf("The %s of Secret %q is not ours and has another value: take it out of spec.pull.target, or remove it there.", in.Target.Foreign, in.Target.Name)}
}
