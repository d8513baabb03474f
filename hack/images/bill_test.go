// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"debug/buildinfo"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/CycloneDX/cyclonedx-go"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

func TestABillOfMaterialsListsEveryModuleOfTheProgram(t *testing.T) {
	forEach(t, func(t *testing.T, p program, platform string, image v1.Image) {
		info, err := buildinfo.Read(bytes.NewReader(read(t, image, p.name)))
		if err != nil {
			t.Fatal(err)
		}
		bill := readBill(t, p, platform)
		main := bill.Metadata.Component
		if main.Name != info.Main.Path || main.Version != info.Main.Version {
			t.Errorf("it is for %s %s, want %s %s", main.Name, main.Version, info.Main.Path, info.Main.Version)
		}
		if bill.Metadata.Timestamp != "" || bill.SerialNumber != "" {
			t.Error("it is another one each time")
		}
		listed := map[string]string{}
		for _, component := range *bill.Components {
			listed[component.Name] = component.Version
			if !strings.HasPrefix(component.PackageURL, "pkg:golang/") {
				t.Errorf("%s has the package URL %q", component.Name, component.PackageURL)
			}
		}
		if _, ok := listed["std"]; !ok {
			t.Error("the standard library is missing")
		}
		for _, module := range info.Deps {
			if module.Replace != nil {
				module = module.Replace
			}
			if listed[module.Path] != module.Version {
				t.Errorf("%s is listed as %q, want %q", module.Path, listed[module.Path], module.Version)
			}
		}
	})
}

func readBill(t *testing.T, p program, platform string) *cyclonedx.BOM {
	t.Helper()
	name := fmt.Sprintf("%s-%s.cdx.json", p.image, strings.ReplaceAll(platform, "/", "-"))
	file, err := os.Open(filepath.Join(shared.out, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var bill cyclonedx.BOM
	if err := cyclonedx.NewBOMDecoder(file, cyclonedx.BOMFileFormatJSON).Decode(&bill); err != nil {
		t.Fatal(err)
	}
	return &bill
}
