// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// TestWhatIsServedIsWhatIsDeclared compares the metrics of running programs with their declarations, which are on the page.
func TestWhatIsServedIsWhatIsDeclared(t *testing.T) {
	w := theRunning(t)
	w.work(t)
	for address, declared := range map[string][]metric{w.manager: ofManager(t), w.roomServer: ofRoomServer(t)} {
		text := scrape(t, address)
		parser := expfmt.NewTextParser(model.UTF8Validation)
		families, err := parser.TextToMetricFamilies(bytes.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		served, described := map[string]string{}, map[string]string{}
		for _, m := range declared {
			described[m.name] = m.kind + ": " + m.help
		}
		for name, family := range families {
			if ours(name) {
				served[name] = strings.ToLower(family.GetType().String()) + ": " + family.GetHelp()
			}
		}
		if diff := cmp.Diff(described, served); diff != "" {
			t.Errorf("metrics (-declared +served):\n%s", diff)
		}
		checkMetrics(t, text)
	}
}

// checkMetrics asks promtool what it thinks of metrics. Those of libraries are theirs.
func checkMetrics(t *testing.T, text []byte) {
	t.Helper()
	needPrometheus(t)
	command := exec.CommandContext(t.Context(), promtoolProgram, "check", "metrics")
	command.Stdin = bytes.NewReader(text)
	output, _ := command.CombinedOutput() // it fails for those of libraries, too
	for line := range strings.Lines(string(output)) {
		if ours(line) || strings.Contains(line, "error while linting") {
			t.Errorf("promtool check metrics: %s", line)
		}
	}
}

func ours(name string) bool {
	return strings.HasPrefix(name, "roomsecret_") || strings.HasPrefix(name, "roomserver_")
}

func scrape(t *testing.T, address string) []byte {
	t.Helper()
	response, err := http.Get("http://" + address + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestNoMetricLogOrTraceHasAValue looks for values, tokens and keys in everything that can be read from outside.
func TestNoMetricLogOrTraceHasAValue(t *testing.T) {
	w := theRunning(t)
	w.work(t)
	for name, text := range map[string]string{
		"the metrics of the manager":     string(scrape(t, w.manager)),
		"the metrics of the room server": string(scrape(t, w.roomServer)),
		"the log of the manager":         w.log("manager"),
		"the log of the room server":     w.log("roomserver"),
		"the traces":                     w.traces.printed(),
	} {
		for what, secret := range map[string]string{"a value": canary, "the API key": w.key.Encode(), "a token": "eyJ"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %s", name, what)
			}
		}
	}
}

// key is a key of the log in the table of the page.
var key = regexp.MustCompile("`([^`]+)`")

// TestTheKeysOfLogsAreOnThePage reads what the programs have logged, at the level debug: whoever reads logs by machine can rely
// on the page.
func TestTheKeysOfLogsAreOnThePage(t *testing.T) {
	w := theRunning(t)
	w.work(t)
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(page), "\n## Logs\n")
	known := map[string]bool{}
	for line := range strings.Lines(section) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, found := range key.FindAllStringSubmatch(cells[1], -1) {
				known[found[1]] = true
			}
		}
	}
	for line := range strings.Lines(w.log("manager")) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Errorf("%v: %s", err, line)
		}
		for key := range entry {
			if !known[key] {
				t.Errorf("the page does not know the key %q of %s", key, line)
			}
		}
	}
	for _, found := range regexp.MustCompile(`(?m) ([a-z_.]+)=`).FindAllStringSubmatch(w.log("roomserver"), -1) {
		if !known[found[1]] {
			t.Errorf("the page does not know the key %q of the room server", found[1])
		}
	}
}
