// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package options_test

import (
	"flag"
	"io"
	"strings"
	"testing"

	"k8s.io/client-go/rest"

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

func TestTheLabelSelectorIsParsed(t *testing.T) {
	t.Parallel()
	o, err := parse(t, "--watch-label-selector", "shard in (a,b),!legacy", "--watch-namespaces=team-a")
	if s := o.Shard(); err != nil || !s.Has("team-a", map[string]string{"shard": "a"}) || s.Has("team-b", map[string]string{"shard": "a"}) || s.Has("team-a", map[string]string{"shard": "a", "legacy": ""}) {
		t.Errorf("got %v, %v", s, err)
	}
	for value, want := range map[string]string{"shard in a": "expected", "shard=not valid": "found", "shard=a=b": "found", "-=a": "name part must consist", "": "must select something"} {
		var flags flag.FlagSet
		flags.SetOutput(io.Discard)
		o.AddFlags(&flags)
		err := flags.Parse([]string{"--watch-label-selector", value})
		if err == nil || !strings.Contains(err.Error(), "-watch-label-selector: ") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", value, err)
		}
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

func TestTheConsentPageIsAtAnAddressAndAURL(t *testing.T) {
	t.Parallel()
	page := []string{"--consent-address=:8090", "--consent-url=https://consent.example.com/rooms/"}
	oidc := []string{"--consent-oidc-issuer=https://id.example.com/realms/a", "--consent-oidc-client-id=consent"}
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"the page alone":                          {page, ""},
		"with people who sign in":                 {append(oidc, page...), ""},
		"with a client that has a secret":         {append([]string{"--consent-oidc-client-secret-file=/run/secret"}, append(oidc, page...)...), ""},
		"on this machine":                         {[]string{"--consent-address=127.0.0.1:8090", "--consent-url=http://localhost:8090"}, ""},
		"no URL":                                  {page[:1], "needs both"},
		"no address":                              {page[1:], "needs both"},
		"no page to sign in to":                   {oidc, "needs both"},
		"an address without a port":               {[]string{"--consent-address=here", page[1]}, "--consent-address"},
		"not encrypted":                           {[]string{page[0], "--consent-url=http://consent.example.com"}, "--consent-url must be https"},
		"a query":                                 {[]string{page[0], "--consent-url=https://consent.example.com?a=b"}, "no query"},
		"a fragment":                              {[]string{page[0], "--consent-url=https://consent.example.com#"}, "no fragment"},
		"a user":                                  {[]string{page[0], "--consent-url=https://me@consent.example.com"}, "such as"},
		"no host":                                 {[]string{page[0], "--consent-url=consent.example.com"}, "such as"},
		"a path that is another":                  {[]string{page[0], "--consent-url=https://consent.example.com/a/../b"}, "plain path"},
		"a client of nobody":                      {append(oidc[1:], page...), "--consent-oidc-issuer"},
		"an issuer that does not know us":         {append(oidc[:1:1], page...), "--consent-oidc-client-id"},
		"an issuer that is not encrypted":         {append([]string{"--consent-oidc-issuer=http://id.example.com", oidc[1]}, page...), "--consent-oidc-issuer must be https"},
		"the secret of a client that has no name": {append([]string{"--consent-oidc-client-secret-file=/run/secret"}, page...), "--consent-oidc-client-id"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(t, c.args...)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAllClientsKeepTheLimitsTogether(t *testing.T) {
	t.Parallel()
	o, err := parse(t, "--kube-api-qps=0.001", "--kube-api-burst=3")
	if err != nil {
		t.Fatal(err)
	}
	config := &rest.Config{}
	o.Limit(config)
	for i := range 3 {
		if !rest.CopyConfig(config).RateLimiter.TryAccept() {
			t.Errorf("request %d has to wait", i+1)
		}
	}
	if rest.CopyConfig(config).RateLimiter.TryAccept() {
		t.Error("another client makes more requests than all may")
	}
}
