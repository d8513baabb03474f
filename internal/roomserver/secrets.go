// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"cmp"
	"encoding/json"
	"errors"
	"strconv"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
)

// maxText is the longest id, type, name or identity in bytes.
const maxText = 512

// answerRoom is what a get_secret answer needs beside the value: both texts, escaped, and the names around them.
// A value must leave that much room, or it could be written and never be read.
const answerRoom = 16 << 10

// defaultType is the type of a secret stored without one.
const defaultType = "application/octet-stream"

// secrets is the toolkit that keeps secrets. Everything it does is within one room and, unless the caller is an
// admin, within the caller's own identity (room protocol, section 5).
type secrets struct {
	store     store.Store
	maxValue  int
	inquiries *inquiries
}

func newSecretsToolkit(rows store.Store, maxMessage int, inquiries *inquiries, endpoints *endpoints) toolkit {
	s := &secrets{store: rows, maxValue: maxMessage - answerRoom, inquiries: inquiries}
	o := &oauth{store: rows, inquiries: inquiries, endpoints: endpoints}
	return toolkit{
		allows: func(p participant) bool { return p.secrets != nil },
		tools: map[string]tool{
			protocol.ToolSetSecret:                 s.set,
			protocol.ToolGetSecret:                 s.get,
			protocol.ToolExists:                    s.exists,
			protocol.ToolListSecrets:               s.list,
			protocol.ToolDeleteSecret:              s.delete,
			protocol.ToolProvideSecret:             s.provide,
			protocol.ToolDeleteRequestedSecret:     s.deleteRequested,
			protocol.ToolProvideOAuthAuthorization: o.provide,
		},
		slow: map[string]slowTool{
			protocol.ToolRequestSecret:        s.request,
			protocol.ToolRequestOAuthToken:    o.request,
			protocol.ToolGetOfflineOAuthToken: o.offline,
		},
	}
}

// decodeJSON reads the json input of a tool. No input at all is an empty object.
func decodeJSON(input protocol.Content, into any) error {
	switch input := input.(type) {
	case protocol.JSON:
		return decode(input.Value, into)
	case protocol.Empty:
		return nil
	default:
		return invalid("the tool takes json input")
	}
}

func decode(object json.RawMessage, into any) error {
	if json.Unmarshal(object, into) != nil {
		return invalid("arguments have unexpected types")
	}
	return nil
}

// rowKey is the key of a row of the caller, or of forIdentity when the caller may act for others. An empty
// optional text is the same as null.
func (c call) rowKey(id string, delegatedTo, forIdentity *string) (store.Key, error) {
	if id == "" {
		return store.Key{}, invalid("the id of the secret is missing")
	}
	key := store.Key{
		Room: c.room, Owner: cmp.Or(protocol.OrEmpty(forIdentity), c.identity), ID: id, DelegatedTo: protocol.OrEmpty(delegatedTo),
	}
	if err := checkTexts(key.Owner, key.ID, key.DelegatedTo); err != nil {
		return store.Key{}, err
	}
	c.about.row = key // before it may be denied: that is what an audit is for
	if key.Owner != c.identity && !c.admin {
		return store.Key{}, denied("permission denied: acting for another identity takes the admin grant")
	}
	return key, nil
}

func checkTexts(texts ...string) error {
	for _, text := range texts {
		if len(text) > maxText {
			return invalid("ids, types, names and identities have at most " + strconv.Itoa(maxText) + " bytes")
		}
	}
	return nil
}

// storeError gives the store's errors that a caller can do something about their meaning.
func storeError(err error) error {
	switch {
	case errors.Is(err, store.ErrFull):
		return failed("the server's store is full")
	case errors.Is(err, store.ErrDamaged):
		return failed("the stored secret is damaged: store it again")
	default:
		return err
	}
}
