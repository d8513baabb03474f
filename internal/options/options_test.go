// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package options_test

import (
	"flag"
	"io"
	"strings"
	"testing"

	"github.com/roomsecrets/roomsecret-operator/internal/options"
)

func parse(t *testing.T, args ...string) (options.Options, error) {
	t.Helper()
	var o options.Options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	o.AddFlags(flags)
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	return o, o.Validate()
}

func TestDefaultsAreValid(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "")
	o, err := parse(t)
	if err != nil {
		t.Fatal(err)
	}
	if o.Namespace != options.DefaultNamespace || o.MaxConcurrentReconciles != 10 || !o.LeaderElect || !o.MetricsSecure || o.EnableRestarts {
		t.Errorf("unexpected defaults: %+v", o)
	}
}

func TestTheLogMayBeTalkativeAsLongAsItTellsNoValues(t *testing.T) {
	t.Parallel()
	for _, level := range []string{"debug", "info", "error", "5", "7"} {
		if _, err := parse(t, "--zap-log-level="+level); err != nil {
			t.Errorf("%s: %v", level, err)
		}
	}
}

func TestHostsAreParsed(t *testing.T) {
	t.Parallel()
	o, err := parse(t, "--allowed-hosts", "rooms.example.com,*.rooms.example.com:443")
	if err != nil || o.AllowedHosts.Allows("wss://example.com") || !o.AllowedHosts.Allows("wss://a.rooms.example.com") {
		t.Errorf("got %v, %v", o.AllowedHosts, err)
	}
	var flags flag.FlagSet
	flags.SetOutput(io.Discard)
	o.AddFlags(&flags)
	if err := flags.Parse([]string{"--allowed-hosts", "wss://rooms.example.com"}); err == nil || !strings.Contains(err.Error(), "without a scheme") {
		t.Errorf("got %v", err)
	}
}

func TestTheNamespaceComesFromThePod(t *testing.T) {
	t.Setenv("POD_NAMESPACE", "elsewhere")
	if o, err := parse(t); err != nil || o.Namespace != "elsewhere" {
		t.Errorf("got namespace %q, error %v", o.Namespace, err)
	}
	if o, err := parse(t, "--namespace", "here"); err != nil || o.Namespace != "here" {
		t.Errorf("a flag must win over the environment: got namespace %q, error %v", o.Namespace, err)
	}
}

func TestEachBadOptionIsNamed(t *testing.T) {
	t.Parallel()
	_, err := parse(t, "--namespace", "Not_A_Namespace", "--max-concurrent-reconciles", "0", "--kube-api-qps=-1", "--kube-api-burst", "0", "--watch-namespaces", "team-a,,team-b", "--zap-log-level=8", "--otlp-endpoint", "collector:4317")
	if err == nil {
		t.Fatal("bad options were accepted")
	}
	for _, name := range []string{"--namespace", "--max-concurrent-reconciles", "--kube-api-qps", "--kube-api-burst", "--watch-namespaces", "--zap-log-level", "--otlp-endpoint"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("the error does not name %s: %v", name, err)
		}
	}
}
