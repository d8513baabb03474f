// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"context"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// bounds is a namespace with objects that the operator tries things on.
type bounds struct {
	*WithT
	namespace string
	// admin may do everything; operator has the rights of the operator's service account, and changes nothing.
	admin, operator client.Client
}

func TestTheOperatorIsBoundBeyondItsRoles(t *testing.T) {
	t.Parallel()
	b := newBounds(t)
	forbidden := b.secret("probe")
	b.Eventually(func() error { return b.operator.Create(t.Context(), forbidden.DeepCopy()) }, patience).Should(Satisfy(apierrors.IsForbidden))
	anybody := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "a", UID: "1"}}
	for name, c := range map[string]struct {
		try func(context.Context) error
		// denied is what the message says; empty when it is allowed.
		denied string
	}{
		"create a Secret of its own":       {try: b.creating(b.secret("new", ours))},
		"create a Secret for a RoomSecret": {try: b.creating(b.secret("new", ours, controlledBy("roomsecrets.io/v1alpha1", "RoomSecret", anybody)))},
		"create a Secret without a label":  {b.creating(b.secret("new")), "says so in the label"},
		"create a Secret with rights": {b.creating(b.secret("new", ours, func(s *corev1.Secret) {
			s.Type = corev1.SecretTypeServiceAccountToken
			s.Annotations = map[string]string{corev1.ServiceAccountNameKey: "default"}
		})), "hold rights"},
		"create a Secret of somebody else":            {b.creating(b.secret("new", ours, controlledBy("apps/v1", "Deployment", anybody))), "makes no object but a RoomSecret"},
		"add a key to a Secret of somebody":           {try: b.patching(b.secret("theirs"), `{"data":{"A":"b25l"}}`)},
		"add a key to a Secret that a controller has": {try: b.patching(b.secret("controlled"), `{"data":{"A":"b25l"}}`)},
		"take over a Secret":                          {try: b.patching(b.secret("theirs"), `{"metadata":{"ownerReferences":[{"apiVersion":"roomsecrets.io/v1alpha1","kind":"RoomSecret","name":"a","uid":"1","controller":true}]}}`)},
		"give a Secret away":                          {b.patching(b.secret("theirs"), `{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"a","uid":"1","controller":true}]}}`), "makes no object but a RoomSecret"},
		"change a Secret with rights":                 {b.patching(b.secret("token"), `{"data":{"A":"b25l"}}`), "hold rights"},
		"change a release of Helm":                    {b.patching(b.secret("release"), `{"data":{"A":"b25l"}}`), "releases of Helm"},
		"delete a Secret of its own":                  {try: b.deleting(b.secret("ours"))},
		"delete a Secret of somebody":                 {b.deleting(b.secret("theirs")), "deletes only Secrets"},
		"delete a Secret of another controller":       {b.deleting(b.secret("controlled")), "deletes only Secrets"},
		"put a finalizer on a RoomSecret":             {try: b.patching(b.roomSecret(), `{"metadata":{"finalizers":["roomsecrets.io/cleanup"]}}`)},
		"change what a RoomSecret asks for":           {b.patching(b.roomSecret(), `{"spec":{"suspend":true}}`), "nor changes what they ask for"},
		"restart a Deployment":                        {try: b.patching(b.deployment(), `{"spec":{"template":{"metadata":{"annotations":{"roomsecrets.io/content-1":"x"}}}}}`)},
		"change the image of a Deployment":            {b.patching(b.deployment(), `[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"evil"}]`), "what a workload runs"},
		"scale a Deployment":                          {b.patching(b.deployment(), `{"spec":{"replicas":0}}`), "scale"},
		"annotate pods of a Deployment":               {b.patching(b.deployment(), `{"spec":{"template":{"metadata":{"annotations":{"example.com/a":"x"}}}}}`), "no annotations of a pod template"},
		"take an annotation from the pods":            {b.patching(b.deployment(), `{"spec":{"template":{"metadata":{"annotations":{"example.com/b":null}}}}}`), "no annotations of a pod template"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.try(t.Context())
			switch {
			case c.denied == "" && err != nil:
				t.Error(err)
			case c.denied != "" && (!apierrors.IsForbidden(err) || !strings.Contains(err.Error(), c.denied)):
				t.Errorf("got %v, want an error that says %q", err, c.denied)
			}
		})
	}
}

// newBounds installs the policies, and creates what the operator tries things on.
func newBounds(t *testing.T) *bounds {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, apiextensionsv1.AddToScheme, roomv1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	b := &bounds{WithT: NewWithT(t), namespace: newNamespace(t)}
	var err error
	b.admin, err = client.New(cluster.Config, client.Options{Scheme: scheme})
	b.Expect(err).NotTo(HaveOccurred())
	for _, object := range render(t, "testdata/policies") { // what is there already stays as the other tests have it
		manifest, ok := object.(client.Object)
		b.Expect(ok).To(BeTrue())
		b.Expect(client.IgnoreAlreadyExists(b.admin.Create(t.Context(), manifest))).To(Succeed())
	}
	impersonated := rest.CopyConfig(cluster.Config)
	impersonated.Impersonate.UserName = "system:serviceaccount:roomsecret-system:roomsecret-manager"
	b.operator, err = client.New(impersonated, client.Options{Scheme: scheme, DryRun: new(true)})
	b.Expect(err).NotTo(HaveOccurred())
	// What is owned by nothing that exists would be collected.
	roomSecret, other := b.roomSecret(), &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "other"}}
	b.Expect(b.admin.Create(t.Context(), roomSecret)).To(Succeed())
	b.Expect(b.admin.Create(t.Context(), other)).To(Succeed())
	for _, object := range []client.Object{
		b.secret("theirs"), b.secret("ours", ours, controlledBy("roomsecrets.io/v1alpha1", "RoomSecret", roomSecret)),
		b.secret("controlled", controlledBy("v1", "ConfigMap", other)),
		b.secret("token", func(s *corev1.Secret) { s.Type = corev1.SecretTypeBootstrapToken }),
		b.secret("release", func(s *corev1.Secret) { s.Type = "helm.sh/release.v1" }),
		b.deployment(),
	} {
		b.Expect(b.admin.Create(t.Context(), object)).To(Succeed())
	}
	return b
}

func (b *bounds) secret(name string, mods ...func(*corev1.Secret)) *corev1.Secret {
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: name}}
	for _, mod := range mods {
		mod(secret)
	}
	return secret
}

func ours(s *corev1.Secret) {
	s.Labels = map[string]string{"app.kubernetes.io/managed-by": "roomsecret-operator"}
}

func controlledBy(apiVersion, kind string, owner client.Object) func(*corev1.Secret) {
	return func(s *corev1.Secret) {
		s.OwnerReferences = []metav1.OwnerReference{{APIVersion: apiVersion, Kind: kind, Name: owner.GetName(), UID: owner.GetUID(), Controller: new(true)}}
	}
}

func (b *bounds) roomSecret() *roomv1alpha1.RoomSecret {
	return &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "a"},
		Spec: roomv1alpha1.RoomSecretSpec{
			RoomRef: roomv1alpha1.RoomReference{Name: "a"},
			Pull:    &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "A", ID: "a"}}},
		},
	}
}

func (b *bounds) deployment() *appsv1.Deployment {
	labels := map[string]string{"app": "a"}
	return &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: b.namespace, Name: "a"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels, Annotations: map[string]string{"example.com/b": "x"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "a", Image: "a"}}},
			},
		},
	}
}

func (b *bounds) creating(object client.Object) func(context.Context) error {
	return func(ctx context.Context) error { return b.operator.Create(ctx, object) }
}

func (b *bounds) deleting(object client.Object) func(context.Context) error {
	return func(ctx context.Context) error { return b.operator.Delete(ctx, object) }
}

// patching tries a merge patch, or a JSON patch.
func (b *bounds) patching(object client.Object, patch string) func(context.Context) error {
	kind := client.Merge.Type()
	if strings.HasPrefix(patch, "[") {
		kind = "application/json-patch+json"
	}
	return func(ctx context.Context) error {
		return b.operator.Patch(ctx, object, client.RawPatch(kind, []byte(patch)))
	}
}
