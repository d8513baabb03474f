// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"fmt"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
)

// roomCount is how many rooms the RoomSecrets are spread over.
const roomCount = 20

// credentialName begins the names of the Secrets with which rooms are joined.
const credentialName = "credential"

// population is a namespace with rooms and RoomSecrets, half of which push and half of which pull.
type population struct {
	namespace string
	n         int
	// onlyPushes says that all of them push.
	onlyPushes bool
	// first and others are where the first room is, and the others. Without them, all are at the server of the stage.
	first, others *server
}

// room returns the name of the room, at the room server too, that the object of an index uses.
func (p population) room(index int) string {
	return fmt.Sprintf("%s-%02d", p.namespace, index%roomCount)
}

// inFirst reports whether the object of an index uses the first room.
func inFirst(index int) bool { return index%roomCount == 0 }

// reach returns the server of the room of an index, and the name of the Secret with its key.
func (p population) reach(index int) (*server, string) {
	if inFirst(index) && p.first != p.others {
		return p.first, credentialName + "-first"
	}
	return p.others, credentialName
}

// credential returns the Secret with the key of the room of an index.
func (p population) credential(index int) *corev1.Secret {
	at, name := p.reach(index)
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: name}, Data: map[string][]byte{"api-key": []byte(at.key.Encode())}}
}

// name returns the name of the RoomSecret of an index, of its source or target, and of its row.
func (p population) name(index int) string {
	if p.pushes(index) {
		return fmt.Sprintf("push-%05d", index)
	}
	return fmt.Sprintf("pull-%05d", index)
}

// pushes reports whether the RoomSecret of an index pushes. Each room has both, if there are enough.
func (p population) pushes(index int) bool { return p.onlyPushes || (index+index/roomCount)%2 == 0 }

// row returns the row of an index.
func (p population) row(index int, value string) store.Row {
	name := p.name(index)
	return store.Row{
		Info:  store.Info{Key: store.Key{Room: p.room(index), Owner: operatorName, ID: name}, Type: "text/plain", Name: name},
		Value: []byte(value),
	}
}

const firstValue = "0123456789abcdef0123456789abcdef"

// populate makes a population of n RoomSecrets, half of which push.
func (s *stage) populate(t *testing.T, namespace string, n int) population {
	t.Helper()
	return s.settle(t, population{namespace: namespace, n: n})
}

// settle makes everything of a population that is there before the operator is.
func (s *stage) settle(t *testing.T, p population) population {
	t.Helper()
	if p.others == nil {
		p.first, p.others = s.server, s.server
	}
	create := func(object client.Object) { check(t, s.kube.Create(t.Context(), object)) }
	create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: p.namespace}})
	create(p.credential(1))
	if p.first != p.others {
		create(p.credential(0))
	}
	for i := range roomCount {
		at, credential := p.reach(i)
		create(&roomv1alpha1.Room{
			ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.room(i)},
			Spec: roomv1alpha1.RoomSpec{
				RoomConnection: roomv1alpha1.RoomConnection{Endpoint: "http://" + at.address, PollInterval: &metav1.Duration{Duration: time.Hour}},
				Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: credential, Key: "api-key"}},
			},
		})
	}
	group, ctx := errgroup.WithContext(t.Context())
	group.SetLimit(setUpWorkers)
	for i := range p.n {
		group.Go(func() error {
			if !p.pushes(i) {
				if err := s.rows.Put(ctx, p.row(i, firstValue)); err != nil {
					return err
				}
			} else if err := s.kube.Create(ctx, p.source(i, firstValue)); err != nil {
				return err
			}
			return s.kube.Create(ctx, p.roomSecret(i))
		})
	}
	check(t, group.Wait())
	return p
}

// source returns the Secret that a push reads.
func (p population) source(index int, value string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name(index)},
		Data:       map[string][]byte{"value": []byte(value)},
	}
}

func (p population) roomSecret(index int) *roomv1alpha1.RoomSecret {
	name := p.name(index)
	rs := &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: name},
		Spec:       roomv1alpha1.RoomSecretSpec{RoomRef: roomv1alpha1.RoomReference{Name: p.room(index)}},
	}
	if p.pushes(index) {
		rs.Spec.Push = &roomv1alpha1.Push{
			SecretRef: roomv1alpha1.LocalSecretRef{Name: name},
			Entries:   []roomv1alpha1.PushEntry{{Name: roomv1alpha1.SecretID(name), Key: "value"}},
		}
		return rs
	}
	rs.Spec.Pull = &roomv1alpha1.Pull{Entries: []roomv1alpha1.PullEntry{{Key: "value", ID: roomv1alpha1.SecretID(name)}}}
	return rs
}
