// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"sigs.k8s.io/yaml"
)

// The manifest of a plugin, as Krew reads it.
type (
	krewPlugin struct {
		APIVersion string       `json:"apiVersion"`
		Kind       string       `json:"kind"`
		Metadata   krewMetadata `json:"metadata"`
		Spec       krewSpec     `json:"spec"`
	}
	krewMetadata struct {
		Name string `json:"name"`
	}
	krewSpec struct {
		Version          string         `json:"version"`
		Homepage         string         `json:"homepage"`
		ShortDescription string         `json:"shortDescription"`
		Description      string         `json:"description"`
		Platforms        []krewPlatform `json:"platforms"`
	}
	krewPlatform struct {
		Selector krewSelector `json:"selector"`
		URI      string       `json:"uri"`
		SHA256   string       `json:"sha256"`
		Bin      string       `json:"bin"`
	}
	krewSelector struct {
		MatchLabels map[string]string `json:"matchLabels"`
	}
)

// plugin builds the kubectl plugin for each platform, and writes an archive of each and the manifest for Krew.
func (o *options) plugin(ctx context.Context) error {
	license, err := os.ReadFile(filepath.Join(o.source, "LICENSE"))
	if err != nil {
		return err
	}
	manifest := krewPlugin{
		APIVersion: "krew.googlecontainertools.github.com/v1alpha2", Kind: "Plugin", Metadata: krewMetadata{Name: "room"},
		Spec: krewSpec{
			Version: o.version, Homepage: "https://github.com/roomsecrets/roomsecret-operator",
			ShortDescription: "Work with the secrets of rooms",
			Description: "Reads and writes the secrets of rooms, asks other participants for some and answers when asked,\n" +
				"and shows how RoomSecrets stand. A room is enough; no operator and no cluster is needed for its secrets.\n",
		},
	}
	for _, target := range o.targets {
		system, arch, ok := strings.Cut(target, "/")
		if !ok {
			return fmt.Errorf("the platform %q is not like linux/amd64", target)
		}
		platform, err := o.pluginFor(ctx, system, arch, license)
		if err != nil {
			return err
		}
		manifest.Spec.Platforms = append(manifest.Spec.Platforms, platform)
	}
	content, err := yaml.Marshal(manifest)
	if err != nil {
		return err
	}
	return os.WriteFile(o.path("room.yaml"), content, 0o644)
}

// pluginFor builds the plugin for one platform and writes its archive.
func (o *options) pluginFor(ctx context.Context, system, arch string, license []byte) (krewPlatform, error) {
	name, pack, suffix := "kubectl-room", tarball, ".tar.gz"
	if system == "windows" {
		name, pack, suffix = "kubectl-room.exe", zipped, ".zip"
	}
	program, err := o.compile(ctx, system, arch)
	if err != nil {
		return krewPlatform{}, err
	}
	archive, err := pack([]file{{"LICENSE", 0o644, license}, {name, 0o755, program}})
	if err != nil {
		return krewPlatform{}, err
	}
	archiveName := fmt.Sprintf("kubectl-room_%s_%s_%s%s", o.number(), system, arch, suffix)
	sum := sha256.Sum256(archive)
	return krewPlatform{
		Selector: krewSelector{MatchLabels: map[string]string{"os": system, "arch": arch}},
		URI:      strings.TrimSuffix(o.baseURL, "/") + "/" + o.version + "/" + archiveName,
		SHA256:   hex.EncodeToString(sum[:]),
		Bin:      name,
	}, os.WriteFile(o.path(archiveName), archive, 0o644)
}

// compile builds the plugin and returns it. Nothing in it says where it was built. The sources may be somebody else's, as
// they often are in a container: git would refuse to tell their commit.
func (o *options) compile(ctx context.Context, system, arch string) ([]byte, error) {
	dir, err := os.MkdirTemp("", "release-")
	if err != nil {
		return nil, err
	}
	defer func() { _ = os.RemoveAll(dir) }() // it is in memory now
	source, err := filepath.Abs(o.source)
	if err != nil {
		return nil, err
	}
	program := filepath.Join(dir, "program")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-buildvcs=auto", "-ldflags=-s -w", "-o", program, "./cmd/kubectl-room")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GIT_CONFIG_COUNT=1", "GIT_CONFIG_KEY_0=safe.directory", "GIT_CONFIG_VALUE_0="+source, "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch,
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=", "GOEXPERIMENT=", "GOWORK=off", "GODEBUG=")
	if output, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("build the plugin for %s/%s: %w\n%s", system, arch, err, output)
	}
	return os.ReadFile(program)
}
