// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// newIndex makes one image for several platforms.
func newIndex(built []*binary) (v1.ImageIndex, error) {
	index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
	for _, b := range built {
		image, err := b.newImage()
		if err != nil {
			return nil, err
		}
		index = mutate.AppendManifests(index, mutate.IndexAddendum{Add: image, Descriptor: v1.Descriptor{Platform: &b.platform}})
	}
	return index, nil
}

// newImage puts a binary and the common files on an empty base.
func (b *binary) newImage() (v1.Image, error) {
	common, err := b.program.common()
	if err != nil {
		return nil, err
	}
	executable, err := b.executable()
	if err != nil {
		return nil, err
	}
	created, err := b.committed()
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	for _, files := range [][]file{common, {executable}} {
		layer, err := newLayer(files)
		if err != nil {
			return nil, err
		}
		history := v1.History{Created: v1.Time{Time: created}, CreatedBy: "hack/images", Comment: files[len(files)-1].path}
		if image, err = mutate.Append(image, mutate.Addendum{Layer: layer, History: history}); err != nil {
			return nil, err
		}
	}
	return b.configure(image, created)
}

func newLayer(files []file) (v1.Layer, error) {
	content, err := archive(files...)
	if err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(content)), nil
	}, tarball.WithMediaType(types.OCILayer))
}

// configure says how the image is run and what it is.
func (b *binary) configure(image v1.Image, created time.Time) (v1.Image, error) {
	config, err := image.ConfigFile()
	if err != nil {
		return nil, err
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Variant = b.platform.OS, b.platform.Architecture, b.platform.Variant
	config.Config.User = fmt.Sprintf("%d:%d", nobody, nobody)
	config.Config.Entrypoint = []string{"/" + b.program.name}
	config.Config.WorkingDir = "/"
	config.Config.Labels = b.labels()
	config.Created.Time = created
	return mutate.ConfigFile(image, config)
}

// labels are the pre-defined ones of the OCI image specification. Those of the sources are there when they were built
// in a git repository.
func (b *binary) labels() map[string]string {
	const key = "org.opencontainers.image."
	labels := map[string]string{
		key + "title":       b.program.title,
		key + "description": b.program.description,
		key + "licenses":    "Apache-2.0",
		key + "source":      "https://" + b.info.Main.Path,
	}
	if revision := b.setting("vcs.revision"); revision != "" {
		if b.setting("vcs.modified") == "true" {
			revision += "-dirty"
		}
		labels[key+"revision"] = revision
		labels[key+"created"] = b.setting("vcs.time")
		labels[key+"version"] = b.info.Main.Version
	}
	return labels
}
