// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"

	"github.com/onsi/gomega"
	"go.uber.org/zap/zapcore"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/roomsecrets/roomsecret-operator/internal/laws"
)

// quiet is the level of the log in tests: only what should never happen.
func quiet() zapcore.Level { return zapcore.DPanicLevel }

// checkLaws checks the laws of status on all objects in the namespaces of the world.
func (w *world) checkLaws() {
	w.t.Helper()
	broken, err := laws.CheckAll(context.WithoutCancel(w.ctx), w.kube, w.namespaces...)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	for _, law := range broken {
		w.t.Error(law)
	}
}

// obeys checks the laws of status on one object as it is now.
func (w *world) obeys(object client.Object) {
	w.t.Helper()
	w.Expect(client.IgnoreNotFound(w.kube.Get(context.WithoutCancel(w.ctx), client.ObjectKeyFromObject(object), object))).To(gomega.Succeed())
	broken, err := laws.Check(object)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	w.Expect(broken).To(gomega.BeEmpty(), "%T %s", object, object.GetName())
}
