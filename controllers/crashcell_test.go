// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"
	"sigs.k8s.io/yaml"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// cell is a room with one RoomSecret and its Secrets, in which a story happens.
type cell struct {
	*world
	name string
	rows store.Store
}

// open creates the room of the cell.
func (c *cell) open() {
	c.t.Helper()
	room, _ := c.newRoom()
	room.Name = c.name
	c.create(room)
}

// push returns the RoomSecret of the cell as a push of keys that are called like their ids.
func (c *cell) push(keys string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	rs := c.newPush(c.name, strings.Fields(keys))
	rs.Spec.Push.SecretRef.Name = c.name + "-source"
	return c.within(rs, mods)
}

// pull returns the RoomSecret of the cell as a pull of keys that are called like their ids, into the Secret "-target".
func (c *cell) pull(ids string, mods ...func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	rs := c.newPull(c.name, strings.Fields(ids))
	rs.Spec.Pull.Target.Name = c.name + "-target"
	return c.within(rs, mods)
}

func (c *cell) within(rs *roomv1alpha1.RoomSecret, mods []func(*roomv1alpha1.RoomSecret)) *roomv1alpha1.RoomSecret {
	rs.Spec.RoomRef.Name = c.name
	for _, mod := range mods {
		mod(rs)
	}
	return rs
}

// roomSecret names the RoomSecret of the cell.
func (c *cell) roomSecret() *roomv1alpha1.RoomSecret {
	return &roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: c.name}}
}

func (c *cell) editRoomSecret(change func(*roomv1alpha1.RoomSecret)) {
	c.t.Helper()
	edit(c.world, c.roomSecret(), change)
}

// secret writes a Secret of the cell: keys and values take turns.
func (c *cell) secret(name string, pairs ...string) {
	c.t.Helper()
	data := map[string]string{}
	for pair := range slices.Chunk(pairs, 2) {
		data[pair[0]] = pair[1]
	}
	secret := newSecret(c.ns, c.name+"-"+name, data)
	err := c.kube.Create(c.ctx, secret.DeepCopy())
	if apierrors.IsAlreadyExists(err) {
		edit(c.world, secret.DeepCopy(), func(there *corev1.Secret) { there.Data = secret.Data })
		return
	}
	c.Expect(err).NotTo(gomega.HaveOccurred())
}

// confirm confirms that what has these names is deleted, rows or keys.
func (c *cell) confirm(names ...string) {
	c.t.Helper()
	sum := sha256.Sum256([]byte(strings.Join(names, "\n")))
	c.editRoomSecret(func(rs *roomv1alpha1.RoomSecret) {
		rs.Annotations = map[string]string{roomv1alpha1.AnnotationConfirmPrune: hex.EncodeToString(sum[:6])}
	})
}

// row writes a row of the operator's own identity, behind its back.
func (c *cell) row(id, value string) {
	c.t.Helper()
	key := store.Key{Room: c.name, Owner: own, ID: id}
	row := store.Row{Info: store.Info{Key: key, Type: "text/plain", Name: id}, Value: redact.Bytes(value)}
	c.Expect(c.rows.Put(c.ctx, row)).To(gomega.Succeed())
}

// dropRow deletes a row of the operator's own identity, behind its back.
func (c *cell) dropRow(id string) {
	c.t.Helper()
	c.Expect(c.rows.Delete(c.ctx, store.Key{Room: c.name, Owner: own, ID: id})).To(gomega.Succeed())
}

// dump tells everything that is in the cell and outlives the operator, but for what differs between any two cells.
func (c *cell) dump() (string, error) {
	var b strings.Builder
	var uid string
	for _, tell := range []func(*strings.Builder) (string, error){c.tellRows, c.tellSecrets, c.tellWorkload, c.tellRoom, c.tellRoomSecret} {
		id, err := tell(&b)
		if err != nil {
			return "", err
		}
		uid = cmp.Or(uid, id)
	}
	text := strings.ReplaceAll(b.String(), c.name, "CELL")
	if uid != "" {
		text = strings.ReplaceAll(text, uid, "UID")
	}
	return text, nil
}

func (c *cell) tellRows(b *strings.Builder) (string, error) {
	for _, owner := range []string{own, "agent"} {
		infos, err := c.rows.List(c.ctx, c.name, owner)
		if err != nil {
			return "", err
		}
		for _, info := range infos {
			row, err := c.rows.Get(c.ctx, info.Key)
			if err != nil {
				return "", err
			}
			fmt.Fprintf(b, "row %s %s %s %s\n", rowText(info.Key), info.Type, info.Name, string(row.Value))
		}
	}
	return "", nil
}

func (c *cell) tellSecrets(b *strings.Builder) (string, error) {
	var list corev1.SecretList
	if err := c.kube.List(c.ctx, &list, client.InNamespace(c.ns)); err != nil {
		return "", err
	}
	var uid string
	for _, secret := range list.Items {
		if !strings.HasPrefix(secret.Name, c.name+"-") {
			continue
		}
		fmt.Fprintf(b, "Secret %s %s labels %v annotations %v data %q\n", secret.Name, secret.Type, secret.Labels, secret.Annotations, secret.Data)
		for _, ref := range secret.OwnerReferences {
			fmt.Fprintf(b, "  owner %s %s\n", ref.Kind, ref.Name)
			uid = string(ref.UID)
		}
		var fields []string
		for _, entry := range secret.ManagedFields {
			paths, err := pathsOf(entry.FieldsV1)
			if err != nil {
				return "", err
			}
			fields = append(fields, fmt.Sprintf("  fields of %s: %s\n", entry.Manager, paths))
			if id, ours := strings.CutPrefix(entry.Manager, "roomsecrets.io/"); ours && id != "retained" {
				uid = id
			}
		}
		slices.Sort(fields)
		b.WriteString(strings.Join(fields, ""))
	}
	return uid, nil
}

// tellWorkload tells how often the pods of the Deployment "-app" were to be replaced, and in whose name.
func (c *cell) tellWorkload(b *strings.Builder) (string, error) {
	workload := &appsv1.Deployment{}
	err := c.kube.Get(c.ctx, client.ObjectKey{Namespace: c.ns, Name: c.name + "-app"}, workload)
	if err == nil {
		stamps := slices.Sorted(maps.Keys(workload.Spec.Template.Annotations))
		fmt.Fprintf(b, "Deployment of generation %d with %v\n", workload.Generation, stamps)
	}
	return "", client.IgnoreNotFound(err)
}

func (c *cell) tellRoom(b *strings.Builder) (string, error) {
	room := &roomv1alpha1.Room{}
	err := c.kube.Get(c.ctx, client.ObjectKeyFromObject(c.roomSecret()), room)
	if err == nil {
		fmt.Fprintf(b, "Room with finalizers %v\n", room.Finalizers)
	}
	return "", client.IgnoreNotFound(err)
}

func (c *cell) tellRoomSecret(b *strings.Builder) (string, error) {
	rs := c.roomSecret()
	if err := c.kube.Get(c.ctx, client.ObjectKeyFromObject(rs), rs); err != nil {
		return "", client.IgnoreNotFound(err)
	}
	uid, status := string(rs.UID), rs.Status
	status.LastChangeTime = nil
	status.Basis = "" // a seal of versions, which are others in each world
	for i := range status.Conditions {
		status.Conditions[i].LastTransitionTime = metav1.Time{}
	}
	for i := range status.Restarts {
		status.Restarts[i].Digest = "of the content"
	}
	for i := range status.Entries {
		entry := &status.Entries[i]
		entry.LastChangeTime = nil
		if claim, _, sealed := strings.Cut(entry.Seal, "."); sealed {
			entry.Seal, entry.Digest = claim, "of the value" // each world has a key of its own
		}
	}
	text, err := yaml.Marshal(status)
	fmt.Fprintf(b, "RoomSecret with finalizers %v and status\n%s", rs.Finalizers, text)
	return uid, err
}

// roomObject names the Room of the cell.
func (c *cell) roomObject() *roomv1alpha1.Room {
	return &roomv1alpha1.Room{ObjectMeta: metav1.ObjectMeta{Namespace: c.ns, Name: c.name}}
}

// editTarget changes the Secret "-target" behind the operator's back.
func (c *cell) editTarget(change func(map[string][]byte)) {
	c.t.Helper()
	edit(c.world, newSecret(c.ns, c.name+"-target", nil), func(s *corev1.Secret) { change(s.Data) })
}

// pathsOf returns the paths of the fields of a manager that hold something. It does not matter whether the manager owns
// them by an apply: what was created becomes so before anything else is done to it.
func pathsOf(fields *metav1.FieldsV1) (string, error) {
	var set fieldpath.Set
	if err := set.FromJSON(bytes.NewReader(fields.GetRawBytes())); err != nil {
		return "", err
	}
	return set.Leaves().String(), nil
}
