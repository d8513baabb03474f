// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomserver

import (
	"context"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"
)

// BackupPath is where a running server hands out a copy of its data file, to holders of an API key.
const BackupPath = "/backup"

// backupTimeout is how long sending a backup may take.
const backupTimeout = 15 * time.Minute

// snapshotter is a store that can be copied while it is in use.
type snapshotter interface {
	Snapshot(ctx context.Context) (*os.File, error)
}

// backup sends a copy of the data file. Its length goes ahead, so that a copy cut short is noticed.
func (s *Server) backup(w http.ResponseWriter, r *http.Request) {
	op := &operation{tool: "backup", began: time.Now()}
	status := s.sendBackup(w, r, op)
	s.metrics.rest.WithLabelValues(op.tool, strconv.Itoa(status)).Inc()
	s.audit.write(r.Context(), op, restOutcome(status), time.Since(op.began))
}

func (s *Server) sendBackup(w http.ResponseWriter, r *http.Request, op *operation) int {
	key, err := s.door.keyholder(r)
	if err != nil {
		return restAnswer(w, nil, err)
	}
	op.who.identity = keyIdentity(key)
	rows, ok := s.config.Store.(snapshotter)
	if !ok {
		return restAnswer(w, nil, &refusal{http.StatusNotFound, "this server keeps its secrets in memory: there is nothing to back up"})
	}
	if !s.backups.TryLock() {
		return restAnswer(w, nil, &refusal{http.StatusTooManyRequests, "another backup is being made"})
	}
	defer s.backups.Unlock()
	file, err := rows.Snapshot(r.Context())
	if err == nil {
		defer file.Close()
		err = s.stream(w, file)
	}
	if err != nil {
		s.log.Error("backup failed", "error", err)
		return restAnswer(w, nil, err)
	}
	return http.StatusOK
}

// stream sends a file. Once its first byte is on its way it can only fail by ending early.
func (s *Server) stream(w http.ResponseWriter, file *os.File) error {
	about, err := file.Stat()
	if err != nil {
		return err
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(backupTimeout)); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "application/octet-stream")
	header.Set("Content-Disposition", `attachment; filename="rooms.db"`)
	header.Set("Content-Length", strconv.FormatInt(about.Size(), 10))
	header.Set("Cache-Control", "no-store")
	if _, err := io.Copy(w, file); err != nil {
		s.log.Error("backup ended early", "error", err)
		panic(http.ErrAbortHandler) // the way to make the client notice
	}
	return nil
}
