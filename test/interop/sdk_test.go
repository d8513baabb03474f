// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// args is a JSON object of a command.
type args map[string]any

// blob are bytes on their way to or from the driver.
type blob []byte

type blobJSON struct {
	Base64 []byte `json:"$base64"`
}

// MarshalJSON implements json.Marshaler. None at all are no bytes.
func (b blob) MarshalJSON() ([]byte, error) { return json.Marshal(blobJSON{append([]byte{}, b...)}) }

// UnmarshalJSON implements json.Unmarshaler.
func (b *blob) UnmarshalJSON(data []byte) error {
	var in blobJSON
	err := json.Unmarshal(data, &in)
	*b = in.Base64
	return err
}

// sdkError is an error as an application sees it.
type sdkError struct {
	Name     string `json:"name"`
	Message  string `json:"message"`
	Code     int    `json:"code"`
	Attempts int    `json:"attempts"` // connections tried, where joining failed
}

func (e *sdkError) Error() string { return fmt.Sprintf("%s (%s, code %d)", e.Message, e.Name, e.Code) }

// reply is a line of the driver: the answer to a command, or an event.
type reply struct {
	ID    int             `json:"id"`
	OK    json.RawMessage `json:"ok"`
	Error *sdkError       `json:"error"`

	event
}

// event is what happens by itself in a room client.
type event struct {
	Event   string          `json:"event"`
	Room    string          `json:"room"`
	Message string          `json:"message"`
	Request json.RawMessage `json:"request"`
}

// sdk is one version of the SDK in a Node process. It is safe for concurrent use.
type sdk struct {
	version string
	command *exec.Cmd
	errors  *os.File
	ended   chan struct{}

	mu      sync.Mutex
	input   io.WriteCloser
	lastID  int
	pending map[int]chan reply
	rooms   map[string]chan event
	called  map[string]bool // methods of the secrets client
}

func start(version string) (*sdk, error) {
	standardError, err := os.CreateTemp("", "sdk-")
	if err != nil {
		return nil, err
	}
	command := exec.Command("node", "driver.mjs", version)
	command.Stderr = standardError
	command.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "MESHAGENT_") })
	input, err := command.StdinPipe()
	if err != nil {
		return nil, err
	}
	output, err := command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s := &sdk{
		version: version, command: command, errors: standardError, input: input, ended: make(chan struct{}),
		pending: map[int]chan reply{}, rooms: map[string]chan event{}, called: map[string]bool{},
	}
	if err := command.Start(); err != nil {
		return nil, err
	}
	go s.read(output)
	return s, nil
}

// read hands on what the driver writes, until it ends.
func (s *sdk) read(output io.Reader) {
	defer close(s.ended)
	lines := json.NewDecoder(output)
	for {
		var line reply
		if err := lines.Decode(&line); err != nil {
			return
		}
		s.deliver(line)
	}
}

func (s *sdk) deliver(line reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line.Event == "" {
		s.pending[line.ID] <- line
		delete(s.pending, line.ID)
		return
	}
	select {
	case s.rooms[line.Room] <- line.event:
	default: // of no room, or of one nobody listens to any more
	}
}

// do carries out a command and decodes its result into ok, unless that is nil.
func (s *sdk) do(command string, with args, ok any) error {
	answer, err := s.send(command, with)
	if err != nil {
		return err
	}
	select {
	case line := <-answer:
		switch {
		case line.Error != nil:
			return line.Error
		case ok == nil:
			return nil
		}
		return json.Unmarshal(line.OK, ok)
	case <-s.ended:
		return errors.New("the Node process ended: " + s.standardError())
	case <-time.After(patience):
		return fmt.Errorf("no answer to %s %v", command, with["method"])
	}
}

func (s *sdk) send(command string, with args) (<-chan reply, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if method, ok := with["method"].(string); ok {
		s.called[method] = true
	}
	s.lastID++
	line := maps.Clone(with)
	if line == nil {
		line = args{}
	}
	line["id"], line["do"] = s.lastID, command
	answer := make(chan reply, 1)
	s.pending[s.lastID] = answer
	return answer, json.NewEncoder(s.input).Encode(line)
}

// newRoom registers the events of a room client that is about to be made, and names it.
func (s *sdk) newRoom() (name string, events <-chan event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	queue := make(chan event, 64)
	name = strconv.Itoa(len(s.rooms))
	s.rooms[name] = queue
	return name, queue
}

func (s *sdk) standardError() string {
	text, err := os.ReadFile(s.errors.Name())
	if err != nil {
		return err.Error()
	}
	return string(text)
}

// stop ends the process and returns what it printed as warnings and errors.
func (s *sdk) stop() (string, error) {
	s.mu.Lock()
	_ = s.input.Close()
	s.mu.Unlock()
	<-s.ended
	err := s.command.Wait()
	text := s.standardError()
	return text, errors.Join(err, s.errors.Close(), os.Remove(s.errors.Name()))
}
