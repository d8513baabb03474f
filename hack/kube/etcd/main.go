// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Command etcd is the etcd server that the API server of the tests and the demo stores its objects in.
package main

import (
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
)

func main() {
	etcdmain.Main(os.Args)
}
