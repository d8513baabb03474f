// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cork

import (
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// wire records what is done to a connection.
type wire struct {
	net.Conn

	done  []string
	err   error         // of each write
	enter chan struct{} // closed when a write is under way, which goes on until leave is closed
	leave chan struct{}
}

func (w *wire) Write(p []byte) (int, error) {
	if w.enter != nil {
		close(w.enter)
		<-w.leave
	}
	w.done = append(w.done, "write "+string(p))
	return len(p), w.err
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	w.done = append(w.done, "deadline in "+time.Until(t).Round(time.Second).String())
	return nil
}

func write(t *testing.T, c *Conn, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if n, err := io.WriteString(c, text); n != len(text) || err != nil {
			t.Fatalf("%d, %v", n, err)
		}
	}
}

func TestWritesAreHeldBackWhileCorked(t *testing.T) {
	t.Parallel()
	w := &wire{}
	c := &Conn{Conn: w}
	write(t, c, "a", "b")
	c.Cork(time.Minute)
	write(t, c, "c", "d", "e")
	if err := c.Uncork(); err != nil {
		t.Fatal(err)
	}
	write(t, c, "f")
	c.Cork(time.Minute)
	if err := c.Uncork(); err != nil {
		t.Fatal(err)
	}
	want := []string{"write a", "write b", "deadline in 1m0s", "write cde", "write f"}
	if diff := cmp.Diff(want, w.done); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoMoreThanTheLimitIsHeldBack(t *testing.T) {
	t.Parallel()
	w := &wire{}
	c := &Conn{Conn: w}
	c.Cork(time.Minute)
	part := strings.Repeat("x", limit/2)
	write(t, c, part, part, part)
	if got := len(w.done); got != 2 || len(w.done[1]) != len("write ")+limit {
		t.Errorf("%d writes", got)
	}
	w.err = errors.New("broken")
	if n, err := io.WriteString(c, part); n != 0 || !errors.Is(err, w.err) {
		t.Errorf("%d, %v", n, err)
	}
}

func TestMemoryThatHeldValuesIsWipedAndGivenBack(t *testing.T) {
	t.Parallel()
	for keep, kept := range map[int]bool{0: true, 10: false, limit: true} {
		c := &Conn{Conn: &wire{}, Keep: keep}
		c.Cork(time.Minute)
		write(t, c, "a secret of some length")
		held := c.buf
		if err := c.Uncork(); err != nil {
			t.Fatal(err)
		}
		if strings.Trim(string(held), "\x00") != "" {
			t.Errorf("not wiped: %q", held)
		}
		if got := cap(c.buf) > 0; got != kept {
			t.Errorf("Keep %d: memory is kept: %v", keep, got)
		}
	}
}

func TestADeadlineIsForTheNextWrite(t *testing.T) {
	t.Parallel()
	w := &wire{enter: make(chan struct{}), leave: make(chan struct{})}
	c := &Conn{Conn: w}
	c.Cork(time.Minute)
	write(t, c, "slow")
	ended := make(chan error, 2)
	go func() { ended <- c.Uncork() }()
	<-w.enter
	setting := make(chan struct{})
	go func() {
		close(setting)
		ended <- c.SetWriteDeadline(time.Now().Add(time.Second))
	}()
	<-setting
	close(w.leave)
	if err := errors.Join(<-ended, <-ended); err != nil {
		t.Fatal(err)
	}
	want := []string{"deadline in 1m0s", "write slow", "deadline in 1s"}
	if diff := cmp.Diff(want, w.done); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHurryCutsWritesShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // where nobody reads
		defer func() { _, _ = near.Close(), far.Close() }()
		c := &Conn{Conn: near}
		c.Cork(time.Hour)
		write(t, c, "never taken")
		began := time.Now()
		ended := make(chan error, 1)
		go func() { ended <- c.Uncork() }()
		synctest.Wait()
		c.Hurry(time.Second)
		if err := <-ended; !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("under way: %v after %v", err, time.Since(began))
		}
		if err := c.SetWriteDeadline(time.Time{}); err != nil {
			t.Fatal(err)
		}
		began = time.Now()
		if _, err := io.WriteString(c, "x"); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Second {
			t.Errorf("later: %v after %v", err, time.Since(began))
		}
	})
}
