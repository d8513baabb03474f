// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"time"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// The values of the story, all made up. The first is the one in config/samples.
const (
	firstValue   = "fake-stripe-key-1"
	rotatedValue = "fake-stripe-key-2"
	roomTamper   = "fake-tampered-in-room"
	secretTamper = "fake-tampered-in-cluster"
)

// showTarget is how a person reads what the pull has written.
const showTarget = "kubectl get secret " + target + " -o go-template='{{.data." + targetKey + " | base64decode}}'"

// travel applies the samples and watches a value arrive in the room and in the other Secret.
func (d *demo) travel(ctx context.Context) error {
	d.say.text("Two credentials first: the API key of the room server, for a Room and for a ClusterRoom.", "")
	for _, line := range []string{
		"kubectl create secret generic room-credential --from-file=api-key=$DEMO/api-keys",
		"kubectl create secret generic room-credential --from-file=api-key=$DEMO/api-keys \\\n  -n roomsecret-system",
	} {
		if err := d.do(ctx, line); err != nil {
			return err
		}
	}
	d.say.gap()
	d.say.text("Then the samples: two rooms, a source Secret, a RoomSecret that pushes, one that pulls, and one that answers who asks.", "")
	applied := time.Now()
	if err := d.do(ctx, d.applySamples()); err != nil {
		return err
	}
	if err := d.do(ctx, "kubectl wait --for=condition=Ready roomsync --all --timeout=60s"); err != nil {
		return err
	}
	d.say.fact(time.Since(applied), "everything is in sync")
	for _, line := range []string{"kubectl get rooms", "kubectl get rmsec"} {
		if err := d.do(ctx, line); err != nil {
			return err
		}
	}
	d.say.gap()
	d.say.text("RoomSecret stripe-to-room has put the key into the room, for the agent " + agentName + ".")
	if err := d.join(ctx); err != nil {
		return err
	}
	if err := d.showRoom(ctx); err != nil {
		return err
	}
	d.say.gap()
	d.say.text("RoomSecret stripe-from-room has made a Secret of what is in the room.", "")
	return d.do(ctx, showTarget)
}

// applySamples is the command that applies config/samples, to where the room server really is.
func (d *demo) applySamples() string {
	if d.address == sampleAddress {
		return "kubectl apply -k config/samples"
	}
	return "kubectl kustomize config/samples | sed s/" + sampleAddress + "/" + d.address + "/ | kubectl apply -f -"
}

// request asks the operator for a secret, as an agent that a rule names and as one that none does.
func (d *demo) request(ctx context.Context) error {
	const as = "kubectl room secret request --room " + roomName + " --as-identity %s \\\n" +
		"  --url secret://stripe/webhook \\\n" +
		"  --from-participant-id $(kubectl get room " + roomName + " -o jsonpath={.status.participantID})"
	d.say.text("RoomSecret stripe-on-request answers billing-agent. The agent asks the operator, in the room:", "")
	asked := time.Now()
	if err := d.do(ctx, fmt.Sprintf(as, "billing-agent")); err != nil {
		return err
	}
	d.say.fact(time.Since(asked), "answered from the Secret stripe-keys")
	d.say.text("Nobody else is answered, and they are told at once.", "")
	if err := d.do(ctx, "! "+fmt.Sprintf(as, "curious-agent")); err != nil {
		return err
	}
	return d.do(ctx, "kubectl get events --field-selector involvedObject.name=stripe-on-request \\\n  -o custom-columns=REASON:.reason,MESSAGE:.message")
}

// rotate changes the source and watches the change arrive.
func (d *demo) rotate(ctx context.Context) error {
	d.say.text("The source changes. Times count from when the command was started.", "")
	began := time.Now()
	if err := d.do(ctx, "kubectl patch secret stripe-keys --type merge \\\n"+`  -p '{"stringData":{"apiKey":"`+rotatedValue+`"}}'`); err != nil {
		return err
	}
	if _, err := d.until(ctx, d.roomHas(rotatedValue)); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "the room has %s", rotatedValue)
	if _, err := d.until(ctx, d.targetHas(rotatedValue)); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "the Secret %s has it too", target)
	return d.do(ctx, showTarget)
}

// drift tampers with both ends and watches them come back.
func (d *demo) drift(ctx context.Context) error {
	d.say.text(agentName+" overwrites its secret in the room. A room tells nobody of changes, so the operator",
		"reads it every 5 s: pollInterval in config/samples/room.yaml.", "")
	if err := d.agent.Secrets().SetSecret(ctx, roomclient.SetSecretRequest{
		ID: secretID, Type: "text/plain", Name: secretID, Value: []byte(roomTamper),
	}); err != nil {
		return err
	}
	if err := d.showRoom(ctx); err != nil {
		return err
	}
	d.say.gap()
	took, err := d.until(ctx, d.roomHas(rotatedValue))
	if err != nil {
		return err
	}
	d.say.fact(took, "the room has %s again", rotatedValue)
	if err := d.showRoom(ctx); err != nil {
		return err
	}
	if _, err := d.until(ctx, d.targetHas(rotatedValue)); err != nil {
		return err
	}

	d.say.gap()
	began := time.Now()
	d.say.text("Somebody edits the Secret "+target+". The API server tells the operator at once.", "")
	if err := d.do(ctx, "kubectl patch secret "+target+" --type merge \\\n"+`  -p '{"stringData":{"`+targetKey+`":"`+secretTamper+`"}}'`); err != nil {
		return err
	}
	if _, err = d.until(ctx, d.targetHas(rotatedValue)); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "the Secret has %s again", rotatedValue)
	return d.do(ctx, showTarget)
}

// remove deletes the samples and watches everything go that was made for them.
func (d *demo) remove(ctx context.Context) error {
	d.say.text("stripe-to-room has deletionPolicy Delete, and stripe-from-room owns its target.", "")
	began := time.Now()
	if err := d.do(ctx, "kubectl delete -k config/samples"); err != nil {
		return err
	}
	if _, err := d.until(ctx, d.roomIsEmpty); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "%s has nothing in the room any more", agentName)
	if _, err := d.until(ctx, d.targetIsGone); err != nil {
		return err
	}
	d.say.fact(time.Since(began), "the Secret %s is gone", target)
	return nil
}
