// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"golang.org/x/mod/modfile"
)

// No engine builds the Dockerfile here. The test does what it says, and knows no instruction that it does not need.
func TestTheDockerfileMakesTheSameImages(t *testing.T) {
	stages := parseDockerfile(t)
	build := stages["build"]
	checkCompiler(t, build.BaseName)
	root := t.TempDir() // of the container that the build stage runs in
	source := filepath.Join(root, "src")
	if err := commitCopy(t.Context(), source); err != nil {
		t.Fatal(err)
	}
	arguments := buildCommand(t, build, root)
	if err := run(t.Context(), append([]string{"-source", source}, arguments...), io.Discard); err != nil {
		t.Fatal(err)
	}
	for _, p := range shipped() {
		t.Run(p.name, func(t *testing.T) {
			image := images(t, p)["linux/"+runtime.GOARCH]
			stage, ok := stages[p.name]
			if !ok || stage.BaseName != "scratch" {
				t.Fatalf("there is no stage %s from scratch", p.name)
			}
			config, files := evaluate(t, stage, root)
			if diff := cmp.Diff(filesOf(t, image), files); diff != "" {
				t.Errorf("files (-image +Dockerfile):\n%s", diff)
			}
			want, err := image.ConfigFile()
			if err != nil {
				t.Fatal(err)
			}
			for _, key := range []string{"created", "revision", "version"} { // only known where git is
				delete(want.Config.Labels, "org.opencontainers.image."+key)
			}
			if diff := cmp.Diff(want.Config, config); diff != "" {
				t.Errorf("config (-image +Dockerfile):\n%s", diff)
			}
		})
	}
}

func parseDockerfile(t *testing.T) map[string]instructions.Stage {
	t.Helper()
	file, err := os.Open("../../Dockerfile")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	result, err := parser.Parse(file)
	if err != nil {
		t.Fatal(err)
	}
	list, _, err := instructions.Parse(result.AST, nil)
	if err != nil {
		t.Fatal(err)
	}
	stages := map[string]instructions.Stage{}
	for _, stage := range list {
		stages[stage.Name] = stage
	}
	return stages
}

// checkCompiler expects the release of Go that the modules ask for.
func checkCompiler(t *testing.T, base string) {
	t.Helper()
	content, err := os.ReadFile("../../go.mod")
	if err != nil {
		t.Fatal(err)
	}
	file, err := modfile.Parse("go.mod", content, nil)
	if err != nil {
		t.Fatal(err)
	}
	if release := strings.Join(strings.Split(file.Go.Version, ".")[:2], "."); base != "golang:"+release {
		t.Errorf("the Dockerfile builds with %s, go.mod asks for %s", base, release)
	}
}

// buildCommand returns the arguments that the build stage calls this command with, such that it writes below root.
func buildCommand(t *testing.T, stage instructions.Stage, root string) []string {
	t.Helper()
	for _, command := range stage.Commands {
		step, ok := command.(*instructions.RunCommand)
		if !ok {
			continue
		}
		arguments, ok := strings.CutPrefix(strings.Join(step.CmdLine, " "), "go run -C hack/images . ")
		if !ok {
			t.Fatalf("it runs %v", step.CmdLine)
		}
		arguments = os.Expand(arguments, func(name string) string {
			return map[string]string{"TARGETOS": "linux", "TARGETARCH": runtime.GOARCH}[name]
		})
		return strings.Fields(strings.ReplaceAll(arguments, " /", " "+root+"/"))
	}
	t.Fatal("the stage runs nothing")
	return nil
}

// evaluate carries a stage out that copies from the build stage, whose root is root.
func evaluate(t *testing.T, stage instructions.Stage, root string) (v1.Config, map[string]string) {
	t.Helper()
	config, files := v1.Config{Labels: map[string]string{}}, map[string]string{}
	for _, command := range stage.Commands {
		switch c := command.(type) {
		case *instructions.LabelCommand:
			for _, label := range c.Labels {
				config.Labels[label.Key] = strings.Trim(label.Value, `"`)
			}
		case *instructions.CopyCommand:
			if c.From != "build" || len(c.SourcePaths) != 1 || c.DestPath != "/" || c.Chown != "" || c.Chmod != "" {
				t.Fatalf("this test does not understand %s", c)
			}
			maps.Copy(files, filesBelow(t, filepath.Join(root, c.SourcePaths[0])))
		case *instructions.WorkdirCommand:
			config.WorkingDir = c.Path
		case *instructions.UserCommand:
			config.User = c.User
		case *instructions.EntrypointCommand:
			config.Entrypoint = c.CmdLine
		default:
			t.Fatalf("this test does not understand %v", command)
		}
	}
	return config, files
}

// describe is what must be the same of a file.
func describe(mode fs.FileMode, owner int, content []byte) string {
	if os.Geteuid() != 0 {
		owner = 0 // nobody but root gives files away
	}
	return fmt.Sprintf("%s %d %x", mode, owner, sha256.Sum256(content))
}

func filesOf(t *testing.T, image v1.Image) map[string]string {
	t.Helper()
	files := map[string]string{}
	eachFile(t, image, func(header *tar.Header, content []byte) {
		files[strings.TrimSuffix(header.Name, "/")] = describe(header.FileInfo().Mode(), header.Uid, content)
	})
	return files
}

func filesBelow(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := fs.WalkDir(os.DirFS(dir), ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || path == "." {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		var content []byte
		if !entry.IsDir() {
			if content, err = os.ReadFile(filepath.Join(dir, path)); err != nil {
				return err
			}
		}
		files[path] = describe(info.Mode(), int(info.Sys().(*syscall.Stat_t).Uid), content)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
