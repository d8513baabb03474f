// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package soak_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/laws"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/test/programs"
	"github.com/roomsecrets/roomsecret-operator/test/soak/model"
)

// quiet waits until everything is as the model says after a burst, and expects that it stays so with nothing being written.
func (w *world) quiet(burst model.Burst) {
	w.t.Helper()
	w.burst = burst
	w.Eventually(w.differences, patience, 300*time.Millisecond).Should(gomega.BeEmpty(), w.story)
	w.Eventually(w.writes, patience, stillness).Should(gomega.BeEmpty(), w.story)
	w.Expect(w.differences()).To(gomega.BeEmpty(), w.story)
	w.checkLaws()
	w.checkOutput()
	w.blind = false
}

// story tells what has happened since the last quiet point.
func (w *world) story() string {
	var b strings.Builder
	fmt.Fprintf(&b, "seed %d, burst %d:\n", *seed, w.burst.Number)
	for _, event := range w.burst.Events {
		fmt.Fprintln(&b, event)
	}
	return b.String()
}

// differences returns how the rooms and their namespaces differ from the model.
func (w *world) differences() (string, error) {
	w.tend()
	var b strings.Builder
	for i, want := range w.burst.Want {
		got, err := w.look(i)
		if err != nil {
			return "", err
		}
		if diff := cmp.Diff(expected(want), got); diff != "" {
			fmt.Fprintf(&b, "room %d (-model +world):\n%s", i, diff)
		}
	}
	return b.String(), nil
}

// view is what can be seen of a room and of its namespace.
type view struct {
	Room    string
	Rows    map[model.Row]model.Content
	Secrets map[string]map[string]string
	Reasons map[string]string
}

func expected(room model.Room) view {
	v := view{Room: string(roomv1alpha1.ReasonConnected), Rows: room.Rows, Secrets: map[string]map[string]string{}, Reasons: room.Reasons()}
	for name, secret := range room.Secrets {
		v.Secrets[name] = secret.Data
	}
	return v
}

// look returns what is to be seen of a room.
func (w *world) look(room int) (view, error) {
	v := view{Rows: map[model.Row]model.Content{}, Secrets: map[string]map[string]string{}, Reasons: map[string]string{}}
	for _, owner := range model.Owners() {
		if err := w.lookAtRows(room, owner, v.Rows); err != nil {
			return v, err
		}
	}
	var secrets corev1.SecretList
	if err := w.kube.List(w.ctx, &secrets, client.InNamespace(namespace(room))); err != nil {
		return v, err
	}
	for _, secret := range secrets.Items {
		if secret.Name == credential {
			continue
		}
		data := map[string]string{}
		for key, value := range secret.Data {
			data[key] = string(value)
		}
		v.Secrets[secret.Name] = data
		if secret.Name == model.Theirs && secret.ResourceVersion != w.theirs[room] {
			return v, fmt.Errorf("somebody has written the Secret %s of room %d", secret.Name, room)
		}
	}
	var list roomv1alpha1.RoomSecretList
	if err := w.kube.List(w.ctx, &list, client.InNamespace(namespace(room))); err != nil {
		return v, err
	}
	for _, rs := range list.Items {
		v.Reasons[rs.Name] = reasonOf(&rs)
	}
	object := &roomv1alpha1.Room{}
	err := w.kube.Get(w.ctx, client.ObjectKey{Namespace: namespace(room), Name: namespace(room)}, object)
	v.Room = reasonOf(object)
	return v, err
}

// reasonOf returns the reason of Ready, if it is of the present generation.
func reasonOf(object client.Object) string {
	ready := meta.FindStatusCondition(laws.Conditions(object), string(roomv1alpha1.ConditionReady))
	if ready == nil || ready.ObservedGeneration != object.GetGeneration() {
		return "not observed yet"
	}
	return ready.Reason
}

func (w *world) lookAtRows(room int, owner string, rows map[model.Row]model.Content) error {
	secrets := w.rest.Secrets(namespace(room), owner)
	infos, err := secrets.ListSecrets(w.ctx)
	if err != nil {
		return err
	}
	for _, info := range infos {
		secret, err := secrets.GetSecret(w.ctx, roomclient.SecretQuery{ID: info.ID, DelegatedTo: info.DelegatedTo})
		if err != nil {
			return err
		}
		row := model.Row{Owner: owner, ID: info.ID, Delegate: info.DelegatedTo}
		rows[row] = model.Content{Type: secret.Type, Name: secret.Name, Value: string(secret.Value)}
	}
	return nil
}

// writes returns what the operator has written since the last call, to the API server and to the rooms, but for the lease and
// what it was denied.
func (w *world) writes() ([]string, error) {
	w.tend()
	events, err := w.requests.Read()
	if err != nil {
		return nil, err
	}
	writes, err := w.calls.writes()
	for _, event := range events {
		ours := event.User.Username == "system:serviceaccount:"+programs.Namespace+":"+programs.ServiceAccount
		if ours && !slices.Contains([]string{"get", "list", "watch"}, event.Verb) {
			writes = append(writes, event.Verb+" "+event.RequestURI)
		}
		if ours && event.ResponseStatus != nil && event.ResponseStatus.Code == 403 {
			w.t.Errorf("the operator was denied: %s %s\n%s", event.Verb, event.RequestURI, w.story())
		}
	}
	return writes, err
}

// callLog reads what the room server writes down of calls.
type callLog struct{ testkube.Tail }

// writes returns what participants have written to rooms since the last call. Everybody but the operator uses REST, as the
// holder of a key and not as a participant.
func (l *callLog) writes() ([]string, error) {
	content, err := l.Lines()
	if err != nil {
		return nil, err
	}
	var writes []string
	for line := range bytes.Lines(content) {
		var call struct {
			Room        string `json:"room"`
			Identity    string `json:"identity"`
			Tool        string `json:"tool"`
			ID          string `json:"id"`
			DelegatedTo string `json:"delegated_to"`
		}
		if err := json.Unmarshal(line, &call); err != nil {
			return nil, fmt.Errorf("log of calls: %w", err)
		}
		if call.Tool == "set_secret" || call.Tool == "delete_secret" {
			if !strings.HasPrefix(call.Identity, "key-") {
				writes = append(writes, fmt.Sprintf("%s %s as %s in %s", call.Tool, model.Row{Owner: call.Identity, ID: call.ID, Delegate: call.DelegatedTo}, call.Identity, call.Room))
			}
		}
	}
	return writes, nil
}

func (w *world) checkLaws() {
	w.t.Helper()
	for room := range roomCount {
		broken, err := laws.CheckAll(w.ctx, w.kube, namespace(room))
		w.Expect(err).NotTo(gomega.HaveOccurred())
		w.Expect(broken).To(gomega.BeEmpty(), w.story)
	}
}

// checkOutput expects that no program has told a secret, panicked or had a data race since the last quiet point.
func (w *world) checkOutput() {
	w.t.Helper()
	calls, err := os.ReadFile(w.calls.Path)
	w.Expect(err).NotTo(gomega.HaveOccurred())
	outputs := []string{string(calls)}
	for _, program := range w.heard {
		outputs = append(outputs, program.Output())
	}
	for _, output := range outputs {
		for _, sign := range []string{"panic", "DATA RACE", "fatal error"} {
			w.Expect(strings.Contains(output, sign)).To(gomega.BeFalse(), "a program says %q\n%s", sign, w.story())
		}
		for i, secret := range w.secrets {
			w.Expect(programs.Shows(output, secret)).To(gomega.BeFalse(), "a program tells secret %d\n%s", i, w.story())
		}
	}
	w.heard = []*programs.Program{w.server.Program, w.operator}
}
