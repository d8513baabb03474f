// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"

	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// newMessagingToolkit lets participants make themselves known to each other. There are no tools to send messages.
func newMessagingToolkit(attendance *attendance) toolkit {
	return toolkit{
		allows: func(p participant) bool { return p.known != nil },
		tools: map[string]tool{
			protocol.ToolEnable:  nothingElse(attendance.join),
			protocol.ToolDisable: nothingElse(attendance.leave),
		},
	}
}

// nothingElse is a tool that needs to know the caller only, and has nothing to answer.
func nothingElse(do func(participant)) tool {
	return func(_ context.Context, call call) (protocol.Content, error) {
		if err := decodeJSON(call.input, &struct{}{}); err != nil {
			return nil, err
		}
		do(call.participant)
		return protocol.Empty{}, nil
	}
}
