// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"flag"
	"os"
	"testing"

	"github.com/go-logr/logr"
	"k8s.io/klog/v2"
	ctrl "sigs.k8s.io/controller-runtime"
)

var (
	size     = flag.Int("n", 50, "how many RoomSecrets")
	jsonFile = flag.String("json", "", "file to write the figures to")
	ratios   = flag.String("ratios", "", "file with the ratios to compare with")
)

func TestMain(m *testing.M) {
	flag.Parse()
	ctrl.SetLogger(logr.Discard())
	klog.SetLogger(logr.Discard())
	os.Exit(m.Run())
}
