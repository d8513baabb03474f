// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	coordinationv1 "k8s.io/api/coordination/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

const (
	// deadLease is how long the lease of a leader that died can stand in the way: it lasts 15 seconds, and who waits for it looks
	// every 2 to 2.4.
	deadLease = 17400 * time.Millisecond
	// releasedLease is the same of a leader that was told to end, and lets go of its lease.
	releasedLease = 2400 * time.Millisecond
	// lookEvery is how often it is looked whether all are in sync.
	lookEvery = 200 * time.Millisecond
)

// takeover has all sources change, ends the leader once a quarter of that has arrived, and measures how long it takes until the
// other replica writes, and until all are in sync. Each change must arrive, and be written to the room once. The reference is how
// long the lease can stand in the way, and for all of them also what the same change takes when nobody is ended.
func takeover(t *testing.T, s *stage, r *report) {
	p := s.settle(t, population{namespace: "takeover", n: *size, onlyPushes: true})
	leader := s.startReplica(t, p)
	s.awaitDigests(t, p, map[string]string{})
	undisturbed := s.changeAll(t, p, nil, 0)

	for _, ending := range []struct {
		name   string
		signal syscall.Signal
		lease  time.Duration
	}{{"a kill", syscall.SIGKILL, deadLease}, {"a termination", syscall.SIGTERM, releasedLease}} {
		follower := s.startReplica(t, p)
		took := s.changeAll(t, p, leader, ending.signal)
		name := "takeover after " + ending.name
		r.ratio(name+", until the first write", "s", took.first.Seconds(), ending.lease.Seconds(), 1.25)
		r.ratio(name+", until all are in sync", "s", took.all.Seconds(), (ending.lease + undisturbed.all).Seconds(), 1.25)
		r.count(name+": changes lost", float64(took.lost), 0)
		r.count(name+": writes to the room besides one for each change", float64(took.spare), 0)
		if took.lost != 0 || took.spare != 0 {
			t.Errorf("%s: %d changes lost, %d writes too many", name, took.lost, took.spare)
		}
		leader = follower
	}
}

// changed is what came of a change of all sources.
type changed struct {
	// first and all are the times from the end of the leader, or else from the first change, to the first write of the next leader and
	// until all are in sync.
	first, all time.Duration
	// lost counts the rows without their value, and spare the writes besides one for each row.
	lost, spare int
}

// changeAll changes all sources and waits until all are in sync. If there is a leader, it gets a signal meanwhile.
func (s *stage) changeAll(t *testing.T, p population, leader *replica, signal syscall.Signal) changed {
	t.Helper()
	before := s.digests(t, p, syncs)
	next := s.nextLeader(t)
	value := "changed at " + time.Now().String()
	s.rows.record()
	began := time.Now()
	var changes errgroup.Group
	changes.SetLimit(setUpWorkers)
	for i := range p.n {
		changes.Go(func() error { return s.kube.Update(t.Context(), p.source(i, value)) })
	}
	var took changed
	if leader != nil {
		eventually(t, func() bool { return len(s.rows.recorded()) >= p.n/4 })
		began = time.Now()
		leader.end(t, signal)
		leads := <-next
		eventually(t, func() bool { return s.firstWrite(leads) >= 0 })
		all := s.rows.recorded()
		took.first = all[s.firstWrite(leads)].at.Sub(began)
	}
	check(t, changes.Wait())
	s.awaitDigests(t, p, before)
	took.all = time.Since(began)
	for i := range p.n {
		row, err := s.rows.Store.Get(t.Context(), p.row(i, "").Key)
		check(t, err)
		if string(row.Value) != value {
			took.lost++
		}
	}
	took.spare = len(s.rows.recorded()) - p.n
	return took
}

// firstWrite returns the index of the first write that is not before a time, and -1 when there is none yet.
func (s *stage) firstWrite(since time.Time) int {
	return slices.IndexFunc(s.rows.recorded(), func(w written) bool { return !w.at.Before(since) })
}

// syncs reports whether the one entry of a RoomSecret is in sync.
func syncs(rs roomv1alpha1.RoomSecret) bool {
	return rs.Status.Summary != nil && rs.Status.Summary.InSync == 1
}

// awaitDigests waits until all RoomSecrets are in sync, and none says the same as before.
func (s *stage) awaitDigests(t *testing.T, p population, before map[string]string) {
	t.Helper()
	for late := time.After(patience); ; {
		now := s.digests(t, p, syncs)
		for name, digest := range before {
			if now[name] == digest {
				delete(now, name)
			}
		}
		if len(now) == p.n {
			return
		}
		select {
		case <-time.After(lookEvery):
		case <-late:
			t.Fatalf("%d of %d RoomSecrets are in sync", len(now), p.n)
		}
	}
}

// nextLeader tells when another replica holds a lease than now.
func (s *stage) nextLeader(t *testing.T) <-chan time.Time {
	t.Helper()
	watch, err := s.kube.Watch(t.Context(), &coordinationv1.LeaseList{}, client.InNamespace("default"))
	check(t, err)
	t.Cleanup(watch.Stop)
	told := make(chan time.Time, 1)
	go func() {
		holder := ""
		for event := range watch.ResultChan() {
			lease, ok := event.Object.(*coordinationv1.Lease)
			if !ok {
				continue
			}
			now := ptr.Deref(lease.Spec.HolderIdentity, "")
			if holder != "" && now != "" && now != holder {
				told <- time.Now()
				return
			}
			if now != "" {
				holder = now
			}
		}
	}()
	return told
}

// replica is a manager that competes for the lease, as a process of its own.
type replica struct {
	command *exec.Cmd
	output  bytes.Buffer
	ended   chan struct{}
}

// startReplica starts a manager and waits until its caches are filled.
func (s *stage) startReplica(t *testing.T, p population) *replica {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	check(t, err)
	address := listener.Addr().String()
	check(t, listener.Close())
	m := &replica{ended: make(chan struct{}), command: exec.Command(s.manager, "--kubeconfig", s.cluster.Kubeconfig, "--namespace", "default",
		"--watch-namespaces", p.namespace, "--kube-api-qps", "100000", "--kube-api-burst", "100000",
		"--metrics-bind-address", "0", "--health-probe-bind-address", address)}
	m.command.Stderr = &m.output
	check(t, m.command.Start())
	go func() {
		_ = m.command.Wait()
		close(m.ended)
	}()
	t.Cleanup(func() {
		m.end(t, syscall.SIGTERM)
		if t.Failed() {
			t.Logf("a manager wrote: %s", m.output.String())
		}
	})
	eventually(t, func() bool {
		response, err := http.Get(fmt.Sprintf("http://%s/readyz", address))
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	return m
}

// end sends a manager a signal, unless it has ended, and waits until it has.
func (m *replica) end(t *testing.T, signal syscall.Signal) {
	t.Helper()
	select {
	case <-m.ended:
	default:
		check(t, m.command.Process.Signal(signal))
		<-m.ended
	}
}
