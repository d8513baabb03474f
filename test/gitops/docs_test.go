// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"
)

// yamlBlock is a block of a page that is marked as YAML.
var yamlBlock = regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$")

// What the page on Flux shows is for Flux, too: the types of its API know each member.
func TestThePageOnFluxShowsKustomizationsOfFlux(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/how-to/gitops-flux.md")
	g.Expect(err).NotTo(HaveOccurred())
	var names, needed []string
	for _, block := range yamlBlock.FindAllStringSubmatch(string(page), -1) {
		for document := range strings.SplitSeq(block[1], "\n---\n") {
			if !strings.Contains(document, kustomizev1.GroupVersion.String()) {
				continue
			}
			var kustomization kustomizev1.Kustomization
			g.Expect(yaml.UnmarshalStrict([]byte(document), &kustomization)).To(Succeed())
			g.Expect(kustomization.Kind).To(Equal(kustomizev1.KustomizationKind))
			names = append(names, kustomization.Name)
			for _, other := range kustomization.Spec.DependsOn {
				needed = append(needed, other.Name)
			}
		}
	}
	g.Expect(needed).NotTo(BeEmpty())
	for _, name := range needed {
		g.Expect(slices.Contains(names, name)).To(BeTrue(), name)
	}
}

// The page on Argo CD names each action, as Argo CD shows it.
func TestThePageOnArgoCDListsTheActions(t *testing.T) {
	t.Parallel()
	g := NewWithT(t)
	page, err := os.ReadFile("../../docs/how-to/gitops-argocd.md")
	g.Expect(err).NotTo(HaveOccurred())
	for _, object := range shared.unseen {
		offered, err := shared.argocd.offered(t.Context(), object)
		g.Expect(err).NotTo(HaveOccurred())
		for _, action := range offered {
			g.Expect(string(page)).To(MatchRegexp(`(?m)^\| .*\b`+action.DisplayName+`\b.* \| .*\b`+object.GetKind()+`\b`), object.GetKind())
		}
	}
}
