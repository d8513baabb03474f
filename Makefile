# Copyright 2026 The RoomSecret Authors
# SPDX-License-Identifier: Apache-2.0

SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

# Everything is built without cgo, so that binaries run in an empty image and the build cache holds the
# Kubernetes libraries once. Only the race detector needs cgo.
export CGO_ENABLED := 0

FUZZTIME ?= 60s
BENCHTIME ?= 2s
N ?= 1000
SEED ?= 0
DURATION ?= 30m
DEMO_ARGS ?=
NODE_ARGS ?=
IMAGE_TAG ?= latest
PLATFORMS ?= linux/amd64,linux/arm64
TARGETS ?= linux/amd64,linux/arm64,darwin/amd64,darwin/arm64,windows/amd64,windows/arm64
VERSION ?=
IMAGE ?= localhost/roomsecret-operator
BASE_URL ?= https://not-published.invalid
TESTFLAGS ?=

# Packages whose tests run against a real API server.
CLUSTER_TESTS := ./controllers/... ./internal/testkube/... ./test/api/... ./test/bench/scale ./test/chart/... ./test/e2e/... ./test/interop/... ./test/manifests/... ./test/matrix/... ./test/monitoring/... ./test/quickstart/... ./test/soak

# Packages whose tests run in pods: they take root and a node.
NODE_TESTS := ./test/node

# Go modules of their own that hold code and tests.
MODULES := hack/images hack/kube hack/networkpolicies hack/plots test/consent test/gitops test/oauth

# Where generated files go; verify points these elsewhere and compares.
API_OUT := api/v1alpha1
CRD_OUT := config/crd/bases
RBAC_OUT := config/rbac
CHART_OUT := charts/roomsecret-operator/files
MONITORING_OUT := config/monitoring

CONTROLLER_GEN := bin/tools/controller-gen
GOLANGCI_LINT := $(CURDIR)/bin/tools/golangci-lint
# Tools that load Go packages must be as new as the compiler, hence its version in the name.
TOOLS := bin/tools/.$(shell go env GOVERSION)

# Not for hack/images: it shares nothing between goroutines, and hashes and compresses images ten times slower then.
GO_TEST := CGO_ENABLED=1 KUBEBUILDER_ASSETS=$(CURDIR)/bin/kube go test -race -count=1 -timeout=60m $(TESTFLAGS)

##@ General

.PHONY: help
help: ## Show this help.
	@awk 'BEGIN {FS = ":.*##"; print "Usage: make \033[36m<target>\033[0m"} \
		/^[a-z-]+:.*##/ {printf "  \033[36m%-10s\033[0m%s\n", $$1, $$2} \
		/^##@/ {printf "\n\033[1m%s\033[0m\n", substr($$0, 5)}' Makefile

.PHONY: demo
demo: kube build ## Show the operator at work on this machine (DEMO_ARGS=--once ends by itself).
	@go build -o bin/demo ./hack/demo
	@exec bin/demo $(DEMO_ARGS)

##@ Development

.PHONY: generate
generate: $(TOOLS) ## Generate the deep copy functions of the API types.
	@$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/... output:object:dir=$(API_OUT)

.PHONY: manifests
manifests: $(TOOLS) ## Generate the CRDs and the operator's role, and copy what the chart shares into it.
	@$(CONTROLLER_GEN) crd paths=./api/... output:crd:dir=$(CRD_OUT)
	@$(CONTROLLER_GEN) rbac:roleName=roomsecret-manager paths=./controllers/... output:rbac:dir=$(RBAC_OUT)
	@cp $(CRD_OUT)/*.yaml $(CHART_OUT)/crds/
	@cp $(RBAC_OUT)/role.yaml $(CHART_OUT)/
	@cp config/rbac/*_roles.yaml $(CHART_OUT)/people/
	@cp config/policy/policies.yaml $(CHART_OUT)/
	@{ sed -n 1,3p config/monitoring/rules.yaml; \
		printf '%s\n' 'apiVersion: monitoring.coreos.com/v1' 'kind: PrometheusRule' 'metadata:' '  name: roomsecret-manager' '  namespace: system' 'spec:'; \
		sed -n '/^groups:/,$$p' config/monitoring/rules.yaml | sed 's/^./  &/'; } >$(MONITORING_OUT)/prometheusrule.yaml
	@cp config/monitoring/rules.yaml config/monitoring/dashboard.json $(CHART_OUT)/monitoring/

.PHONY: fmt
fmt: $(TOOLS) ## Format the code.
	@$(GOLANGCI_LINT) fmt
	@for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) fmt); done

.PHONY: vet
vet: ## Run go vet.
	@go vet ./...

.PHONY: lint
lint: $(TOOLS) ## Run the linters, among them the import rules.
	@$(GOLANGCI_LINT) run ./...
	@for module in $(MODULES); do (cd $$module && $(GOLANGCI_LINT) run .); done

.PHONY: test
test: compiler verify lint kube ## Run everything CI runs, but for e2e.
	@$(MAKE) prometheus || echo "the alerts and the dashboard are not tried (test/monitoring)" >&2
	@$(MAKE) browser || echo "the consent page is not tried in a browser (test/consent)" >&2
	@for program in node npm; do command -v $$program >/dev/null || \
		echo "$$program was not found: the published SDK is not tried (test/interop)" >&2; done
	@echo "==> unit tests"
	@$(GO_TEST) $$(go list ./... | grep -vxFf <(go list $(CLUSTER_TESTS) $(NODE_TESTS)))
	@for module in $(filter-out hack/images,$(MODULES)); do echo "==> tests of $$module"; (cd $$module && $(GO_TEST) .); done
	@echo "==> tests of hack/images"
	@go test -C hack/images -count=1 $(TESTFLAGS) .
	@echo "==> tests on a real API server"
	@$(GO_TEST) $(CLUSTER_TESTS)
	@echo "==> demo-once"
	@$(MAKE) demo DEMO_ARGS=--once

# The tests print as they go: they take minutes.
.PHONY: e2e
e2e: kube kube-node network-policies test-images $(TOOLS) ## Run the operator from its image in pods of a real node (as root, see node-tools).
	@echo "==> tests in pods"
	@go test -v -count=1 -timeout 20m $(TESTFLAGS) $(NODE_TESTS)

.PHONY: node
node: kube kube-node network-policies test-images ## Open a shell beside a Kubernetes node, as root (NODE_ARGS=COMMAND runs that instead).
	@go build -o bin/testnode ./hack/node
	@exec bin/testnode $(NODE_ARGS)

# It prints as it goes.
.PHONY: soak
soak: compiler kube ## Compare the operator with a model for DURATION (default 30m), amid faults (SEED=N repeats a run).
	@$(GO_TEST) -v -timeout=0 ./test/soak -args -seed $(SEED) -duration $(DURATION)

.PHONY: fuzz
fuzz: compiler ## Run each fuzz target for FUZZTIME (default 60s).
	@grep -roE --include='*_test.go' '^func Fuzz\w+' . | sed 's/:func / /' | while read -r file target; do \
		echo "==> $$target in $$(dirname $$file)"; \
		CGO_ENABLED=1 go test -run='^$$' -fuzz="^$$target\$$" -fuzztime=$(FUZZTIME) "$$(dirname "$$file")" </dev/null; \
	done

.PHONY: bench
bench: kube ## Print speed and memory as ratios, each measured for BENCHTIME (default 2s).
	@go test -run='^$$' -bench=. -benchtime=$(BENCHTIME) ./test/bench

# The figures of the operator with many objects also go to dist/bench-scale.json.
.PHONY: bench-scale
bench-scale: kube ## Print how the operator does with N RoomSecrets (default 1000), beside a bare client.
	@mkdir -p dist
	@go test -v -count=1 -timeout=3h ./test/bench/scale -args -n $(N) -json "$(CURDIR)/dist/bench-scale.json"

.PHONY: plots
plots: ## Put the figures in docs/figures, each a dist/bench-scale.json, into docs/performance.md.
	@go run -C hack/plots . -figures "$(CURDIR)/docs/figures" -out "$(CURDIR)/docs/images" -page "$(CURDIR)/docs/performance.md"

.PHONY: bench-check
bench-check: kube ## Fail if a ratio of bench-scale is worse than the committed one, beyond its margin.
	@go test -v -count=1 -timeout=3h ./test/bench/scale -args -n 1000 -ratios ratios.json

.PHONY: verify
verify: $(TOOLS) ## Fail if generated files, format or go.mod are not up to date.
	@echo "==> verify"
	@fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; mkdir -p "$$fresh"/chart/{crds,people,monitoring}; \
	$(MAKE) generate manifests API_OUT="$$fresh/api" CRD_OUT="$$fresh/crd" RBAC_OUT="$$fresh/rbac" \
		CHART_OUT="$$fresh/chart" MONITORING_OUT="$$fresh"; \
	diff -u $(API_OUT)/zz_generated.deepcopy.go "$$fresh/api/zz_generated.deepcopy.go" && \
	diff -ru $(CRD_OUT) "$$fresh/crd" && \
	diff -u $(RBAC_OUT)/role.yaml "$$fresh/rbac/role.yaml" && \
	diff -u $(MONITORING_OUT)/prometheusrule.yaml "$$fresh/prometheusrule.yaml" || \
	{ echo "generated files differ from their sources: run make generate manifests" >&2; exit 1; }
	@$(GOLANGCI_LINT) fmt --diff || { echo "run make fmt" >&2; exit 1; }
	@for module in $(MODULES); do \
		(cd $$module && $(GOLANGCI_LINT) fmt --diff) || { echo "run make fmt" >&2; exit 1; }; \
	done
	@for module in . $(MODULES) hack/tools; do \
		go mod tidy -C $$module -diff || { echo "run go mod tidy in $$module" >&2; exit 1; }; \
	done

##@ Build

.PHONY: build
build: ## Build the manager, the room server and the kubectl plugin into bin/.
	@go build -o bin/ ./cmd/manager ./cmd/roomserver ./cmd/kubectl-room
	@ln -sf kubectl-room bin/kubectl_complete-room

.PHONY: images
images: ## Make the images, for all PLATFORMS, with bills of materials, into dist/images/.
	@go run -C hack/images . -out "$(CURDIR)/dist/images" -tag $(IMAGE_TAG) -platforms $(PLATFORMS)

.PHONY: release
release: kube $(TOOLS) ## Make the files of the release VERSION (such as v0.1.0) into dist/release/.
	@[[ "$(VERSION)" =~ ^v[0-9]+\. ]] || { echo "say which release: make release VERSION=v0.1.0" >&2; exit 2; }
	@rm -rf dist/images
	@$(MAKE) images IMAGE_TAG=$(patsubst v%,%,$(VERSION))
	@go run ./hack/release -version $(VERSION) -targets $(TARGETS) -image $(IMAGE) -base-url $(BASE_URL)
	@cat dist/release/checksums.txt

# The images that pods of tests are made of, for this machine only.
.PHONY: test-images
test-images:
	@go run -C hack/images . -out "$(CURDIR)/bin/images" -tag test -platforms linux/$$(go env GOARCH) manager roomserver pod

.PHONY: kube
kube: ## Get etcd, kube-apiserver, kube-controller-manager and kubectl into bin/kube/.
	@KUBEBUILDER_ASSETS="$(abspath $(KUBEBUILDER_ASSETS))" go run -C hack/kube . -out "$(CURDIR)/bin/kube"

.PHONY: kube-node
kube-node: ## Get kubelet, kube-proxy and kube-scheduler into bin/node/.
	@KUBEBUILDER_ASSETS="$(abspath $(KUBEBUILDER_ASSETS))" go run -C hack/kube . -node -out "$(CURDIR)/bin/node"

# What makes NetworkPolicies true on the node of the tests.
.PHONY: network-policies
network-policies:
	@go build -C hack/networkpolicies -o "$(CURDIR)/bin/networkpolicies" .

# A Prometheus that is installed is good enough. Debian's package is one program each, and needs no installing.
.PHONY: prometheus
prometheus: bin/prometheus/promtool ## Get prometheus and promtool into bin/prometheus/.
bin/prometheus/promtool:
	@mkdir -p bin/prometheus
	@if prometheus=$$(command -v prometheus) && promtool=$$(command -v promtool); then \
		ln -sf "$$prometheus" "$$promtool" bin/prometheus/; \
	elif command -v apt-get >/dev/null; then \
		fresh=$$(mktemp -d); trap 'rm -rf "$$fresh"' EXIT; cd "$$fresh"; chmod 755 .; \
		{ apt-get download -qq prometheus || { apt-get update -qq && apt-get download -qq prometheus; }; } 2>log || { cat log >&2; exit 1; }; \
		dpkg-deb --fsys-tarfile prometheus_*.deb | tar -x ./usr/bin/prometheus ./usr/bin/promtool; \
		mv usr/bin/prometheus usr/bin/promtool "$(CURDIR)/bin/prometheus/"; \
	else \
		echo "prometheus and promtool were not found: install Prometheus 2.42 or newer" >&2; exit 1; \
	fi

.PHONY: browser
browser: ## Install Chromium, for the tests of the consent page (Debian and Ubuntu, as root).
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends chromium fonts-dejavu-core; \
	}

.PHONY: node-tools
node-tools: ## Install the packages that a node takes besides (Debian and Ubuntu, as root).
	@type -P containerd ctr runc nft iptables ip /usr/lib/cni/ptp >/dev/null || { \
		apt-get update -qq; \
		DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends containerd containernetworking-plugins iproute2 iptables nftables runc; \
	}

.PHONY: tools
tools: $(TOOLS) ## Build controller-gen, golangci-lint and helm into bin/tools/.

$(TOOLS): hack/tools/go.mod hack/tools/go.sum
	@echo "building controller-gen, golangci-lint and helm (four minutes the first time)"
	@go build -C hack/tools -o "$(CURDIR)/bin/tools/" tool
	@touch $@

.PHONY: clean
clean: ## Remove what was built.
	@rm -rf bin dist

# The race detector is a C library.
.PHONY: compiler
compiler:
	@cc=$$(go env CC); command -v "$${cc%% *}" >/dev/null || \
	{ echo "the tests use the race detector, which needs a C compiler: $$cc was not found (install gcc)" >&2; exit 1; }
