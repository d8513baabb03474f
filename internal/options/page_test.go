// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package options_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/controller-runtime/pkg/client/config"

	"github.com/roomsecrets/roomsecret-operator/internal/options"
)

var update = flag.Bool("update", false, "write docs/flags.md")

const (
	page         = "../../docs/flags.md"
	introduction = "# Flags of the manager\n\n" +
		"What the chart sets of them is in its `values.yaml`; others go into `manager.extraArgs`. The [room server](roomserver.md) and the\n" +
		"[command line](cli.md) have pages of their own. `--zap-log-level` ends at 7: beyond it values of Secrets would be logged.\n\n" +
		"This page is made from the declarations in `internal/options`: `go test ./internal/options -update`.\n\n" +
		"| flag | default | meaning |\n|---|---|---|\n"
)

// TestThePageOfFlagsIsComplete holds docs/flags.md and the flags together.
func TestThePageOfFlagsIsComplete(t *testing.T) {
	for _, name := range []string{"POD_NAMESPACE", "OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"} {
		t.Setenv(name, "")
	}
	var o options.Options
	flags := flag.NewFlagSet("manager", flag.ContinueOnError)
	o.AddFlags(flags)
	config.RegisterFlags(flags)
	want := introduction
	flags.VisitAll(func(f *flag.Flag) {
		shown := ""
		if f.DefValue != "" {
			shown = "`" + f.DefValue + "`"
		}
		want += fmt.Sprintf("| `--%s` | %s | %s |\n", f.Name, shown, strings.ReplaceAll(strings.Join(strings.Fields(f.Usage), " "), "|", `\|`))
	})
	if *update {
		if err := os.WriteFile(page, []byte(want), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("docs/flags.md is out of date, run go test ./internal/options -update (-want +got):\n%s", diff)
	}
}
