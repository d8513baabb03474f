// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/source"
)

// A real controller with the queue and the workers of ours works through ten thousand requests, of which each is handed out
// as often as it has to be, and no more often than it was added: nothing is forgotten, nothing is worked on twice at the same time,
// changes go first.
func TestTheQueueForgetsNothingAmongTenThousand(t *testing.T) {
	t.Parallel()
	const n, producers = 10_000, 4
	options := concurrent(Options{FirstRetry: time.Millisecond})
	w := newWorkshop(t, n, options.MaxConcurrentReconciles)
	options.Reconciler, options.SkipNameValidation = w, new(true)
	c, err := controller.NewUnmanaged("workshop", options)
	if err != nil {
		t.Fatal(err)
	}
	err = c.Watch(source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[ctrl.Request]) error {
		var ok bool
		if w.queue, ok = queue.(priorityqueue.PriorityQueue[ctrl.Request]); !ok {
			return errors.New("the queue knows no priorities")
		}
		for i := range n / 2 { // nobody works yet
			w.addBefore(i)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Start(ctx) }()
	<-w.began
	for p := range producers {
		go func() {
			for i := n/2 + p; i < n; i += producers {
				w.addMeanwhile(i)
			}
		}()
	}
	select {
	case <-w.done:
	case <-time.After(5 * time.Minute):
		t.Errorf("the queue stalls: %d hand-outs are missing", w.missing())
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	for request, want := range w.want {
		if got := w.got[request]; got < want || got > want+w.spare[request] {
			t.Errorf("%s was handed out %d times, want %d and at most %d more", request, got, want, w.spare[request])
		}
	}
	if w.late > 0 {
		t.Errorf("%d requests were handed out before changes that waited", w.late)
	}
}

// workshop is a reconciler that knows how often it has to see each request.
type workshop struct {
	t       *testing.T
	queue   priorityqueue.PriorityQueue[ctrl.Request]
	workers int
	// began is closed when the first request is worked on, and done when the last has been.
	began, done chan struct{}
	beginning   sync.Once

	mu sync.Mutex
	// want and got are how often requests have to be, and have been, handed out. A request with spare hand-outs was added so
	// often while it was worked on: the queue takes what is added in its own time, so that it may hand out what came first
	// before it sees the rest.
	want, got, spare map[ctrl.Request]int
	// left is how many of the wanted hand-outs are missing.
	left int
	busy map[ctrl.Request]bool
	// fresh are the changes that wait since before anybody worked, and late counts what else was handed out before them.
	fresh map[ctrl.Request]bool
	late  int
}

func newWorkshop(t *testing.T, n, workers int) *workshop {
	t.Helper()
	w := &workshop{
		t: t, workers: workers, began: make(chan struct{}), done: make(chan struct{}),
		want: map[ctrl.Request]int{}, got: map[ctrl.Request]int{}, spare: map[ctrl.Request]int{}, busy: map[ctrl.Request]bool{}, fresh: map[ctrl.Request]bool{},
	}
	for i := range n {
		times := 2
		if i%len(courses) == 0 {
			times = 1
		}
		w.want[requestOf(i)] = times
		w.left += times
	}
	return w
}

func requestOf(i int) ctrl.Request {
	return ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "team", Name: fmt.Sprintf("%05d", i)}}
}

// addBefore adds a request as one of those that a start finds, that are looked at again, or that have changed. Some are there for
// several reasons, or were not due for an hour.
func (w *workshop) addBefore(i int) {
	request := requestOf(i)
	switch i % 4 {
	case 0:
		w.queue.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, request)
	case 1:
		w.queue.AddAfter(request, time.Hour)
		w.queue.Add(request)
	case 2:
		w.queue.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, request)
		addFirst(w.queue, request)
		w.fresh[request] = true
	case 3:
		w.queue.AddAfter(requestOf(-i), time.Hour) // is never due
		w.queue.AddRateLimited(request)
		w.queue.Add(request)
	}
}

// addMeanwhile adds a request while others are worked on, once.
func (w *workshop) addMeanwhile(i int) {
	switch request := requestOf(i); i / 4 % 4 {
	case 0:
		w.queue.AddWithOpts(priorityqueue.AddOpts{Priority: new(handler.LowPriority)}, request)
	case 1:
		w.queue.AddAfter(request, time.Millisecond)
	case 2:
		addFirst(w.queue, request)
	case 3:
		w.queue.AddRateLimited(request)
	}
}

// courses are what can happen to a request the first time. All but the first bring it back once.
var courses = []func(w *workshop, request ctrl.Request) (ctrl.Result, error){
	func(*workshop, ctrl.Request) (ctrl.Result, error) { return ctrl.Result{}, nil },
	func(*workshop, ctrl.Request) (ctrl.Result, error) { return ctrl.Result{}, errors.New("failed") },
	func(*workshop, ctrl.Request) (ctrl.Result, error) {
		return ctrl.Result{RequeueAfter: time.Millisecond}, nil
	},
	func(w *workshop, request ctrl.Request) (ctrl.Result, error) {
		w.mayComeAgain(request)
		w.queue.Add(request)
		addFirst(w.queue, request)
		return ctrl.Result{}, nil
	},
	func(w *workshop, request ctrl.Request) (ctrl.Result, error) {
		w.queue.AddAfter(request, time.Hour)
		addFirst(w.queue, request)
		return ctrl.Result{}, nil
	},
}

// Reconcile implements reconcile.Reconciler.
func (w *workshop) Reconcile(_ context.Context, request ctrl.Request) (result ctrl.Result, err error) {
	w.beginning.Do(func() { close(w.began) })
	first, index := w.begin(request), 0
	defer w.end(request)
	if _, err := fmt.Sscanf(request.Name, "%d", &index); err != nil || !first {
		return ctrl.Result{}, err
	}
	return courses[index%len(courses)](w, request)
}

// begin notes that a request is worked on, and reports whether that is for the first time.
func (w *workshop) begin(request ctrl.Request) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy[request] {
		w.t.Errorf("%s is worked on twice at the same time", request)
	}
	w.busy[request] = true
	w.got[request]++
	if !w.fresh[request] && len(w.fresh) >= w.workers { // fewer may be in the hands of the other workers
		w.late++
	}
	delete(w.fresh, request)
	return w.got[request] == 1
}

// mayComeAgain notes that a request may be handed out once more than it has to be.
func (w *workshop) mayComeAgain(request ctrl.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.spare[request] = 1
}

func (w *workshop) end(request ctrl.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy[request] = false
	if w.got[request] > w.want[request] {
		return // spare
	}
	if w.left--; w.left == 0 {
		close(w.done)
	}
}

func (w *workshop) missing() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.left
}
