// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLintHasNothingToSay(t *testing.T) {
	t.Parallel()
	helm(t, "lint", "--strict", chart)
}

// What is rendered changes only on purpose: run the test with -update and look at the difference.
func TestWhatIsRendered(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"default": nil,
		"namespaces": {
			"watchNamespaces={team-a,team-b}", "metrics.secure=false", "manager.enableRestarts=true",
		},
		"everything": {
			"replicas=3", "watchLabelSelector=shard in (a\\,b)", "networkPolicy.enabled=true", "networkPolicy.metricsFrom[0].podSelector.matchLabels.app=prometheus", "metrics.serviceMonitor.enabled=true",
			"metrics.serviceMonitor.labels.release=prometheus", "metrics.rules.enabled=true",
			"metrics.rules.labels.release=prometheus", "metrics.rules.disabled={RoomTokenExpiresSoon}", "priorityClassName=system-cluster-critical",
			"roomserver.enabled=true", "roomserver.tlsSecret=roomserver-tls", "roomserver.rooms={support,sales}",
			"roomserver.storage.className=fast", "imagePullSecrets[0].name=pull", "nodeSelector.disk=ssd",
			"manager.extraArgs={--zap-devel}", "podLabels.team=platform", "podAnnotations.note=here", "manager.allowedHosts={rooms.example.com,*.rooms.example.com:443}", "admissionPolicies.enabled=true",
			"image.digest=sha256:" + strings.Repeat("0", 64), "serviceAccount.annotations.note=here",
			"consent.enabled=true", "consent.url=https://consent.example.com", "consent.oidc.issuer=https://id.example.com", "consent.oidc.clientID=consent",
			"consent.oidc.secret=consent-oidc", "consent.ingress.enabled=true", "consent.ingress.className=nginx", "consent.ingress.tlsSecret=consent-tls",
			"consent.ingress.annotations.note=here", "networkPolicy.consentFrom[0].namespaceSelector.matchLabels.team=ingress",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The CRDs are those of config/crd, which TestTheChartHasTheManifestsOfTheProject compares.
			got := template(t, append([]string{"crds.install=false"}, values...)...)
			golden := filepath.Join("testdata", name+".yaml")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("rendered (-golden +got):\n%s", diff)
			}
		})
	}
}

// template renders the chart with some values.
func template(t *testing.T, values ...string) string {
	t.Helper()
	args := []string{"template", "rooms", chart, "--namespace", "roomsecret-system"}
	for _, value := range values {
		args = append(args, "--set", value)
	}
	return helm(t, args...)
}

func TestValuesThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ value, says string }{
		"a value that does not exist":       {"imagee.tag=1", "additional properties 'imagee' not allowed"},
		"a digest that is none":             {"image.digest=latest", "/image/digest"},
		"fewer than no replicas":            {"replicas=-1", "/replicas"},
		"a namespace that cannot exist":     {"watchNamespaces={Team_A}", "/watchNamespaces/0"},
		"a log level that does not exist":   {"manager.logLevel=loud", "/manager/logLevel"},
		"an argument that is no flag":       {"manager.extraArgs={loud}", "/manager/extraArgs/0"},
		"a room name that cannot exist":     {"roomserver.rooms={My Room}", "/roomserver/rooms/0"},
		"a size that is none":               {"roomserver.storage.size=big", "/roomserver/storage/size"},
		"metrics that need a ClusterRole":   {"watchNamespaces={team-a}", "metrics.secure needs a ClusterRole"},
		"an alert that cannot exist":        {"metrics.rules.disabled={expiry}", "/metrics/rules/disabled/0"},
		"a room server without an API key":  {"roomserver.apiKeySecret=", "/roomserver/apiKeySecret"},
		"a consent page without a URL":      {"consent.enabled=true", "/consent/url"},
		"a consent page without TLS":        {"consent.url=http://consent.example.com", "/consent/url"},
		"a sign-in without a client":        {"consent.oidc.issuer=https://id.example.com", "/consent/oidc/clientID"},
		"a pull policy that does not exist": {"image.pullPolicy=Sometimes", "/image/pullPolicy"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := tryHelm(t, "template", "rooms", chart, "--set", c.value)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want an error that says %q", err, c.says)
			}
		})
	}
}
