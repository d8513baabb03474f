// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/protocol"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// visit is one use of the REST side by the holder of an API key, who may act for every identity. Without
// for_identity they are "key-<key id>", which is also who a token from connect makes them.
type visit struct {
	call

	http *http.Request
	key  token.APIKey
	// limit is how many bytes of the body are read at most.
	limit int64
}

// restCall carries out a visit and returns what to answer, which nil leaves empty. Its errors are refusals, or
// errors of the store and of tools.
type restCall func(s *Server, v visit) (any, error)

const (
	projectPath = "/accounts/projects/{project}/rooms/{room}"
	secretsPath = projectPath + "/secrets"
	secretPath  = secretsPath + "/{id}"
)

// restRoutes adds the REST side (room protocol, sections 6.4 and 6.5).
func (s *Server) restRoutes(mux *http.ServeMux) {
	for pattern, route := range map[string]struct {
		name string
		call restCall
	}{
		"POST " + projectPath + "/connect": {"connect", (*Server).restConnect},
		"POST " + secretsPath:              {"create", (*Server).restCreate},
		"GET " + secretsPath:               {"list", (*Server).restList},
		"GET " + secretPath:                {"get", (*Server).restGet},
		"PUT " + secretPath:                {"update", (*Server).restUpdate},
		"DELETE " + secretPath:             {"delete", (*Server).restDelete},
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			op := &operation{tool: "rest " + route.name, began: time.Now()}
			body, err := s.restVisit(w, r, op, route.call)
			status := restAnswer(w, body, err)
			if status == http.StatusInternalServerError {
				s.log.Error("REST call failed", "call", route.name, "error", err)
			}
			s.metrics.rest.WithLabelValues(route.name, strconv.Itoa(status)).Inc()
			s.audit.write(r.Context(), op, restOutcome(status), time.Since(op.began))
		})
	}
}

// restVisit lets a visitor in and carries out the call.
func (s *Server) restVisit(w http.ResponseWriter, r *http.Request, op *operation, call restCall) (any, error) {
	key, err := s.door.keyholder(r)
	if err != nil {
		return nil, err
	}
	op.who = participant{identity: keyIdentity(key), admin: true, secrets: &token.SecretsGrant{}}
	if project, err := uuid.Parse(r.PathValue("project")); err != nil || project != key.ProjectID {
		return nil, &refusal{http.StatusForbidden, "this API key is for project " + key.ProjectID.String()}
	}
	if room := r.PathValue("room"); !protocol.ValidRoomName(room) || !s.door.exists(room) {
		return nil, &refusal{http.StatusNotFound, "no such room"}
	}
	op.who.room = r.PathValue("room")
	v := visit{call: newCall(op, nil), http: r, key: key, limit: restBodyLimit(s.config.Limits.MaxMessage)}
	r.Body = http.MaxBytesReader(w, r.Body, v.limit)
	return call(s, v)
}

func keyIdentity(key token.APIKey) string { return "key-" + key.ID.String() }

// body reads the JSON object in the body of the request; no body at all is an empty object.
func (v visit) body(into any) error {
	content, err := io.ReadAll(v.http.Body)
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return &refusal{http.StatusRequestEntityTooLarge, "the body is larger than " + strconv.FormatInt(v.limit, 10) + " bytes"}
	}
	if err != nil {
		return &refusal{http.StatusBadRequest, "the body could not be read"}
	}
	if len(content) > 0 && json.Unmarshal(content, into) != nil {
		return &refusal{http.StatusBadRequest, "the body is not a JSON object with the members expected"}
	}
	return nil
}

// restAnswer writes an answer and returns its status.
func restAnswer(w http.ResponseWriter, body any, err error) int {
	status := http.StatusOK
	switch {
	case err != nil:
		refused := restRefusal(err)
		status, body = refused.status, map[string]string{"error": refused.text}
	case body == nil:
		w.WriteHeader(http.StatusNoContent)
		return http.StatusNoContent
	}
	encoded, err := json.Marshal(body)
	if err != nil { // cannot be: strings and bytes always encode
		status, encoded = http.StatusInternalServerError, []byte("{}")
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Cache-Control", "no-store")
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", bearerScheme)
	}
	w.WriteHeader(status)
	_, _ = w.Write(append(encoded, '\n'))
	return status
}

// restRefusal gives errors of all kinds their statuses.
func restRefusal(err error) *refusal {
	if refused, ok := errors.AsType[*refusal](err); ok {
		return refused
	}
	switch {
	case errors.Is(err, store.ErrNotFound):
		return &refusal{http.StatusNotFound, "no such secret"}
	case errors.Is(err, store.ErrExists):
		return &refusal{http.StatusConflict, "a secret with that id exists: update it instead"}
	case errors.Is(err, store.ErrFull):
		return &refusal{http.StatusInsufficientStorage, "the server's store is full"}
	}
	told, ok := errors.AsType[*toolError](err)
	if !ok {
		return &refusal{http.StatusInternalServerError, "internal error"}
	}
	status, known := map[protocol.Code]int{
		protocol.CodeInvalidRequest: http.StatusBadRequest, protocol.CodePermissionDenied: http.StatusForbidden,
		protocol.CodeNotFound: http.StatusNotFound,
	}[told.code]
	if !known {
		status = http.StatusInternalServerError
	}
	return &refusal{status, told.text}
}

func restOutcome(status int) string {
	if status < http.StatusBadRequest {
		return outcomeOK
	}
	return http.StatusText(status)
}
