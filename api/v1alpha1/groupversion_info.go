// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// Group is the API group of all kinds in this package.
const Group = "roomsecrets.io"

// SchemeGroupVersion returns the group and version of the kinds in this package.
func SchemeGroupVersion() schema.GroupVersion {
	return schema.GroupVersion{Group: Group, Version: "v1alpha1"}
}

// AddToScheme registers the kinds of this package with a scheme.
func AddToScheme(scheme *runtime.Scheme) error {
	gv := SchemeGroupVersion()
	scheme.AddKnownTypes(gv,
		&Room{}, &RoomList{},
		&ClusterRoom{}, &ClusterRoomList{},
		&RoomSecret{}, &RoomSecretList{},
	)
	metav1.AddToGroupVersion(scheme, gv)
	return nil
}
