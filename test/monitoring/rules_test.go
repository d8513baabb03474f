// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package monitoring_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	monitoringv1 "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

const (
	rulesFile  = "../../config/monitoring/rules.yaml"
	alertTests = "testdata/alerts.yaml"
	runbook    = "https://github.com/roomsecrets/roomsecret-operator/blob/main/docs/troubleshooting.md#"
)

// rules returns the rules of the file.
func rules(t *testing.T) []monitoringv1.RuleGroup {
	t.Helper()
	var file monitoringv1.PrometheusRuleSpec
	read(t, rulesFile, &file)
	return file.Groups
}

// read reads a YAML file, in which nothing must be unknown.
func read(t *testing.T, file string, into any) {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.UnmarshalStrict(content, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func TestTheRulesAreValid(t *testing.T) {
	t.Parallel()
	promtool(t, nil, "check", "rules", "--lint=all", "--lint-fatal", rulesFile)
}

func TestEachAlertFiresWhenItShouldAndOnlyThen(t *testing.T) {
	t.Parallel()
	promtool(t, nil, "test", "rules", alertTests)

	var file struct {
		Tests []struct {
			Cases []struct {
				Alert    string `json:"alertname"`
				Expected []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	content, err := os.ReadFile(alertTests)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(content, &file); err != nil {
		t.Fatal(err)
	}
	fires, silent := map[string]bool{}, map[string]bool{}
	for _, test := range file.Tests {
		for _, c := range test.Cases {
			fires[c.Alert] = fires[c.Alert] || len(c.Expected) > 0
			silent[c.Alert] = silent[c.Alert] || len(c.Expected) == 0
		}
	}
	for _, group := range rules(t) {
		for _, rule := range group.Rules {
			if !fires[rule.Alert] || !silent[rule.Alert] {
				t.Errorf("%s must show when %s fires, and when not", alertTests, rule.Alert)
			}
		}
	}
}

// heading is the anchor of a section.
var heading = regexp.MustCompile(`(?m)^#+ (\w+)$`)

func TestEachAlertAndEachReasonHasASectionThatSaysWhatToDo(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for _, found := range heading.FindAllStringSubmatch(string(page), -1) {
		sections[strings.ToLower(found[1])] = true
	}
	for _, reason := range roomv1alpha1.Reasons() {
		if name := strings.ToLower(string(reason)); !sections[name] && reason != roomv1alpha1.ReasonInSync && reason != roomv1alpha1.ReasonConnected {
			t.Errorf("the page has no section on the reason %s", reason)
		}
	}
	for _, group := range rules(t) {
		for _, rule := range group.Rules {
			compareWithPage(t, rule, sections)
		}
	}
}

func compareWithPage(t *testing.T, rule monitoringv1.Rule, sections map[string]bool) {
	t.Helper()
	if severity := rule.Labels["severity"]; severity != "warning" && severity != "critical" {
		t.Errorf("%s has the severity %q", rule.Alert, severity)
	}
	if rule.Annotations["summary"] == "" || rule.Annotations["description"] == "" || !sections[strings.ToLower(rule.Alert)] {
		t.Errorf("%s needs a summary, a description and a section of the page", rule.Alert)
	}
	anchor := strings.TrimPrefix(rule.Annotations["runbook_url"], runbook)
	if byReason := strings.Contains(anchor, "$labels.reason"); !byReason && !sections[anchor] {
		t.Errorf("%s leads to the section %q, which does not exist", rule.Alert, anchor)
	}
}

func TestPrometheusTakesTheConfigurationOfThePage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/observability.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(blocks) == 0 {
		t.Fatal("the page shows no configuration")
	}
	// Debian builds Prometheus without what finds targets in Kubernetes.
	discovery := regexp.MustCompile(`(?s)  kubernetes_sd_configs:\n.*?(  relabel_configs:)`)
	for i, block := range blocks {
		if !discovery.MatchString(block[1]) {
			t.Errorf("block %d finds no targets", i)
		}
		config := discovery.ReplaceAllString(block[1], "  static_configs: [{targets: [manager]}]\n$1")
		file := filepath.Join(t.TempDir(), fmt.Sprintf("prometheus-%d.yaml", i))
		if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
			t.Fatal(err)
		}
		promtool(t, nil, "check", "config", "--syntax-only", file)
	}
}

func TestPrometheusOperatorGetsTheSameRules(t *testing.T) {
	t.Parallel()
	var rule monitoringv1.PrometheusRule
	read(t, "../../config/monitoring/prometheusrule.yaml", &rule)
	if diff := cmp.Diff(rules(t), rule.Spec.Groups); diff != "" {
		t.Errorf("run make manifests (-rules +prometheusrule):\n%s", diff)
	}
}

// TestTheManifestsOfMonitoringAreValid renders config/monitoring, in which nothing must be unknown to prometheus-operator.
func TestTheManifestsOfMonitoringAreValid(t *testing.T) {
	w := theRunning(t)
	output, err := w.cluster.Kubectl(t.Context(), "kustomize", "../../config/monitoring").Output()
	if err != nil {
		t.Fatal(err)
	}
	objects := map[string]any{
		"ServiceMonitor": &monitoringv1.ServiceMonitor{}, "PrometheusRule": &monitoringv1.PrometheusRule{}, "ConfigMap": &corev1.ConfigMap{},
	}
	for document := range strings.SplitSeq(string(output), "\n---\n") {
		var head metav1.TypeMeta
		if err := yaml.Unmarshal([]byte(document), &head); err != nil {
			t.Fatal(err)
		}
		if err := yaml.UnmarshalStrict([]byte(document), objects[head.Kind]); err != nil {
			t.Errorf("%s: %v", head.Kind, err)
		}
		delete(objects, head.Kind)
	}
	if len(objects) > 0 {
		t.Errorf("there is no %v", slices.Collect(maps.Keys(objects)))
	}
}
