// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package testkube

import (
	"bytes"
	"io"
	"os"
)

// Tail reads what a program adds to a log. It is not safe for concurrent use.
type Tail struct {
	// Path is that of the file, which must exist when it is read.
	Path string

	offset int64
}

// Lines returns the complete lines that were added since the last call. The error says that the file cannot be read.
func (t *Tail) Lines() ([]byte, error) {
	file, err := os.Open(t.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content, err := io.ReadAll(io.NewSectionReader(file, t.offset, 1<<62))
	if err != nil {
		return nil, err
	}
	content = content[:bytes.LastIndexByte(content, '\n')+1]
	t.offset += int64(len(content))
	return content, nil
}
