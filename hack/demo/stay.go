// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import "context"

// stay tells what can be done now, and waits for Ctrl-C.
func (d *demo) stay(ctx context.Context) {
	d.say.heading("Your turn")
	d.say.text("Everything stays up until Ctrl-C. In another terminal:", "")
	d.follow()
	d.say.gap()
	d.say.text("Look:")
	d.say.command("kubectl get roomsync -o wide")
	d.say.command("kubectl describe rmsec stripe-to-room")
	d.say.command("kubectl room status stripe-to-room")
	d.say.command("kubectl room secret list --room " + roomName + " --as-identity " + agentName)
	d.say.command("kubectl explain roomsecret.spec.push.entries")
	d.say.gap()
	d.say.text("Change something, and see what the operator makes of it:")
	d.say.command("kubectl edit secret stripe-keys")
	d.say.command("kubectl delete secret " + target)
	d.say.command("kubectl delete secret room-credential; kubectl get rmsec --watch")
	d.say.command("kubectl delete -k config/samples")
	d.say.gap()
	d.say.text("Join the room with an SDK (version 0.30 to 0.44):")
	d.say.command("export MESHAGENT_ROOM_URL=ws://" + d.address + " MESHAGENT_ROOM=" + roomName)
	d.say.command("export MESHAGENT_TOKEN=$(roomserver token --api-key-file $DEMO/api-keys \\\n" +
		"  --identity " + agentName + " --room " + roomName + ")")
	d.say.gap()
	d.say.text("Logs: $DEMO/manager.log, $DEMO/roomserver.log, $DEMO/kube/*.log")
	<-ctx.Done()
}
