// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package soak_test has people, other agents and misfortune at work on rooms and namespaces for as long as one likes, and
// compares what the operator makes of it with what package model says. The operator and the room server are the programs
// that are shipped, the API server is a real one.
//
// A burst is a list of steps and faults, made from a seed. When all that went wrong is mended the cluster and the rooms come to
// agree with the model, and then nothing is written any more: that is a quiet point.
package soak_test
