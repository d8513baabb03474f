// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"

	"github.com/roomsecrets/roomsecret-operator/internal/plan"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
)

// flood is how many requests come at once.
const flood = 10_000

// TestAFloodOfRequestsHoldsUpNothing asks ten thousand times at once. What is pushed meanwhile is there in the usual time, and
// everybody is told something.
func TestAFloodOfRequestsHoldsUpNothing(t *testing.T) {
	w := newStoppedWorld(t)
	w.startServerWith(roomserver.Config{Limits: roomserver.Limits{MaxWaiting: 2 * flood, MaxPendingEach: 2 * flood, MaxPending: 2 * flood}})
	w.startManager()
	w.withRoom()
	source := newSecret(w.ns, "source", map[string]string{"a": "one"})
	provide, push := w.newProvide("provide", []string{"a"}), w.newPush("push", []string{"a"})
	w.create(source, provide, push)
	w.settled(provide, push)
	agent := w.newAsker("agent")
	operator, before := agent.operator(), runtime.NumGoroutine()

	var told sync.WaitGroup
	var mu sync.Mutex
	outcomes := map[string]int{}
	began := time.Now()
	for i := range flood {
		told.Go(func() {
			value, err := agent.conn.Secrets().RequestSecret(context.WithoutCancel(w.ctx), roomclient.SecretRequest{
				URL: "secret://a", Type: fmt.Sprintf("text/plain;n=%d", i), ParticipantID: operator, Timeout: 2 * time.Minute,
			})
			mu.Lock()
			defer mu.Unlock()
			outcomes[said(value, err)]++
		})
	}
	edit(w, source, func(s *corev1.Secret) { s.Data["a"] = []byte("two") })
	edited := time.Now()
	w.Eventually(w.value(w.key(own, "a")), 10*time.Second, 10*time.Millisecond).Should(Equal("two"))
	t.Logf("the change was in the room after %s", time.Since(edited))
	told.Wait()
	t.Logf("%d requests were answered in %s: %v", flood, time.Since(began), outcomes)
	given := outcomes["one"] + outcomes["two"]
	w.Expect(given).To(BeNumerically(">=", 100))
	w.Expect(given+outcomes[refused(plan.RefusalTooMany)]).To(Equal(flood), "everybody is told something: %v", outcomes)
	w.Eventually(runtime.NumGoroutine).Should(BeNumerically("<", before+50), "nobody is left behind")
	w.Eventually(w.answers(provide)).Should(HaveField("Provided", int64(given)))
	w.Expect(w.sum(w.registry, "roomsecret_answers_total", map[string][]string{"outcome": {"provided"}})).To(Equal(float64(given)))
	w.Expect(strings.Contains(fmt.Sprint(provide.Status), "one")).To(BeFalse(), "no value is in the status")
}
