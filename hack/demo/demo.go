// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// patience is how long a step waits for what it expects. It is a bound for a busy machine, not a measure.
const patience = time.Minute

// demo is what is running, and where.
type demo struct {
	say  *narrator
	root string // of the repository
	dir  string // of everything that is made, $DEMO in the commands

	cluster    *testkube.Cluster
	kube       client.Client
	roomServer *program
	manager    *program
	metrics    string           // where the manager serves its metrics
	address    string           // of the room server
	agent      *roomclient.Conn // the demo, as a participant of the room
}

type step struct {
	title string
	do    func(context.Context) error
}

// run tells the story and leaves nothing behind, except that the logs are kept when a step fails.
func run(ctx context.Context, once bool, say *narrator) error {
	log.SetLogger(logr.Discard()) // envtest has nothing to say that a log file does not have
	d := &demo{say: say}
	if err := d.prepare(); err != nil {
		return err
	}
	began := time.Now()
	err := d.tell(ctx, once)
	if err == nil && !once {
		d.stay(ctx)
	}
	if err = d.end(ctx, err); err == nil && once {
		d.say.text(fmt.Sprintf("    The whole demo took %.0f s.", time.Since(began).Seconds()))
	}
	return err
}

// prepare finds what was built and makes the directory of the demo.
func (d *demo) prepare() error {
	var err error
	if d.root, err = moduleRoot(); err != nil {
		return err
	}
	for _, built := range []string{"bin/manager", "bin/roomserver", "bin/kube/kubectl"} {
		if _, err := os.Stat(filepath.Join(d.root, built)); err != nil {
			return fmt.Errorf("%s is not built: run \"make demo\", which builds what is missing", built)
		}
	}
	d.dir, err = os.MkdirTemp("", "roomsecret-demo-")
	return err
}

// moduleRoot is the nearest directory at or above the working directory that has a go.mod.
func moduleRoot() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		if dir == filepath.Dir(dir) {
			return "", errors.New("run the demo inside the repository")
		}
	}
}

// tell goes through the steps.
func (d *demo) tell(ctx context.Context, once bool) error {
	steps := []step{
		{"A Kubernetes control plane", d.startCluster},
		{"A room server", d.startRoomServer},
		{"The operator", d.startOperator},
		{"From Kubernetes into the room, and back", d.travel},
		{"An agent asks", d.request},
		{"A rotation", d.rotate},
		{"Drift, repaired", d.drift},
	}
	if once {
		steps = append(steps, step{"Gone again", d.remove})
	}
	steps = append(steps, step{"What the operator did", d.account})
	d.introduce()
	for _, s := range steps {
		began := time.Now()
		d.say.heading(s.title)
		if err := s.do(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			d.say.failure(time.Since(began), s.title)
			return fmt.Errorf("step %d, %s: %w", d.say.steps, s.title, err)
		}
	}
	return nil
}

func (d *demo) introduce() {
	d.say.text(
		d.say.style(bold, "RoomSecret, on this machine"), "",
		"Everything listens on loopback and is gone at the end. Values that begin with \"fake-\" are made",
		"up; no other value is shown. To follow along in another terminal:", "")
	d.follow()
}

// follow shows how another terminal gets the environment of the commands.
func (d *demo) follow() {
	d.say.command("cd " + d.root)
	d.say.command("export DEMO=" + d.dir)
	d.say.command("export PATH=$PWD/bin:$PWD/bin/kube:$PATH KUBECONFIG=$DEMO/kube/admin.kubeconfig")
}

// end stops everything. When a step has failed it shows why, and keeps the logs.
func (d *demo) end(ctx context.Context, failure error) error {
	if failure != nil && !errors.Is(failure, context.Canceled) {
		d.explain(ctx)
		d.say.text("The logs are kept in " + d.dir + ".")
		return errors.Join(failure, d.stop())
	}
	began := time.Now()
	if err := errors.Join(d.stop(), os.RemoveAll(d.dir)); err != nil {
		return errors.Join(failure, err)
	}
	d.say.gap()
	d.say.fact(time.Since(began), "everything is stopped and removed")
	return failure
}

// stop ends what was started, last things first.
func (d *demo) stop() error {
	var errs []error
	if d.agent != nil {
		_ = d.agent.Close() // the room server ends anyway
	}
	for _, p := range []*program{d.manager, d.roomServer} {
		if p != nil {
			errs = append(errs, p.stop())
		}
	}
	if d.cluster != nil {
		errs = append(errs, d.cluster.Stop())
	}
	return errors.Join(errs...)
}
