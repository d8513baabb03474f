// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package interop_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// launcher starts the process of a version when a test first needs it.
type launcher struct {
	version string
	once    sync.Once
	running *sdk
	failed  error
}

func (l *launcher) sdk(t *testing.T) *sdk {
	t.Helper()
	needSDK(t)
	l.once.Do(func() { l.running, l.failed = start(l.version) })
	if l.failed != nil {
		t.Fatal(l.failed)
	}
	return l.running
}

// stop ends the process and returns what there is to complain about: that it did not end as it should, that it got
// messages it does not know, or that the tests have left out a method of its secrets client.
func (l *launcher) stop() (complaints []string) {
	if l.running == nil {
		return nil
	}
	printed, err := l.running.stop()
	if err != nil {
		return []string{fmt.Sprintf("%v\n%s", err, printed)}
	}
	for line := range strings.Lines(printed) {
		if strings.Contains(line, "No handler for message type") {
			complaints = append(complaints, line)
		}
	}
	if flag.Lookup("test.run").Value.String() != "" {
		return complaints
	}
	methods, err := secretsMethods(l.version)
	if err != nil {
		return append(complaints, err.Error())
	}
	for _, method := range methods {
		if !l.running.called[method] {
			complaints = append(complaints, "no test calls "+method)
		}
	}
	return complaints
}

// publicMethod matches the declaration of a method that is not private.
var publicMethod = regexp.MustCompile(`(?m)^ {4}(\w+)\(`)

// secretsMethods reads from the SDK's own declarations what its secrets client can do.
func secretsMethods(version string) (names []string, err error) {
	path := filepath.Join("node_modules", "meshagent-"+version, "dist", "node", "secrets-client.d.ts")
	declarations, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	for _, match := range publicMethod.FindAllStringSubmatch(string(declarations), -1) {
		if match[1] != "constructor" {
			names = append(names, match[1])
		}
	}
	if len(names) < 12 {
		return nil, fmt.Errorf("%s declares only %q", path, names)
	}
	return names, nil
}
