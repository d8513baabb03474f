// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// requested is the id under which an answer is kept: the same for the same url and type, so that it is found again,
// and not the url itself, which may be longer than an id should be.
func requested(url, kind string) string { return "requested-" + digest(url, kind) }

// digest names texts in 32 characters, each text and its place taken into account.
func digest(texts ...string) string {
	hash := sha256.New()
	for _, text := range texts {
		_, _ = fmt.Fprintf(hash, "%d:%s", len(text), text) // never fails, by its contract
	}
	return hex.EncodeToString(hash.Sum(nil)[:16])
}

// request answers with a secret that another participant provides, or that one has provided before (room protocol,
// section 4.7).
func (s *secrets) request(_ context.Context, call call) (rest, error) {
	var in protocol.RequestSecret
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	call.input = nil
	key, err := call.requestedKey(in.URL, in.Type, in.DelegateTo)
	if err != nil {
		return nil, err
	}
	if err := checkTexts(in.ParticipantID); err != nil {
		return nil, err
	}
	timeout, err := s.inquiries.seconds(in.Timeout)
	if err != nil {
		return nil, err
	}
	in.Timeout = new(int(timeout.Seconds()))
	return func(ctx context.Context) (protocol.Content, error) {
		row, err := s.store.Get(ctx, key)
		if errors.Is(err, store.ErrNotFound) {
			row = store.Row{Info: store.Info{Key: key, Type: in.Type, Name: in.URL}}
			row.Value, err = s.inquiries.ask(ctx, call, inquiry{
				participantID: in.ParticipantID, timeout: timeout, tool: protocol.ToolProvideSecret, push: protocol.TypeRequestSecret,
				header: func(id string) any {
					return protocol.SecretRequestPush{RequestID: id, Request: in, Asker: call.asker()}
				},
			})
			if err == nil {
				err = s.store.Put(ctx, row)
			}
		}
		if err != nil {
			return nil, storeError(err)
		}
		return protocol.File{Name: row.Name, MIMEType: row.Type, Data: row.Value}, nil
	}, nil
}

// requestedKey is the key of the row that keeps the answer to a request of the caller's.
func (c call) requestedKey(url, kind string, delegate *string) (store.Key, error) {
	if url == "" || kind == "" {
		return store.Key{}, invalid("the url or the type of the secret is missing")
	}
	if err := checkTexts(url, kind); err != nil {
		return store.Key{}, err
	}
	return c.rowKey(requested(url, kind), delegate, nil)
}

// provide answers a request for a secret with a value or with the reason of a refusal (room protocol, section 4.8).
func (s *secrets) provide(_ context.Context, call call) (protocol.Content, error) {
	input, ok := call.input.(protocol.Binary)
	if !ok {
		return nil, invalid("the tool takes binary input")
	}
	var in protocol.ProvideSecret
	if err := decode(input.Headers, &in); err != nil {
		return nil, err
	}
	if len(input.Data) > s.maxValue {
		return nil, invalid(fmt.Sprintf("the value is larger than %d bytes", s.maxValue))
	}
	return s.inquiries.settle(call, protocol.ToolProvideSecret, in.RequestID, reply{
		value: append(redact.Bytes{}, input.Data...), reason: in.Error,
	})
}

// deleteRequested removes what a request of the caller's has brought (room protocol, section 4.6).
func (s *secrets) deleteRequested(ctx context.Context, call call) (protocol.Content, error) {
	var in protocol.DeleteRequestedSecret
	if err := decodeJSON(call.input, &in); err != nil {
		return nil, err
	}
	key, err := call.requestedKey(in.URL, in.Type, in.DelegatedTo)
	if err != nil {
		return nil, err
	}
	if err := s.store.Delete(ctx, key); err != nil {
		return nil, storeError(err)
	}
	return protocol.Empty{}, nil
}
