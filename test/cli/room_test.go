// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"bufio"
	"os"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver/store"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

func TestARoomObjectLeadsToTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Expect(w.kubectl("secret", "set", "--room", "support", "--id", "my-secret", "--text", "token-value")).To(Equal(result{0, "", "Stored 11 bytes\n"}))
	row, err := w.store.Get(t.Context(), store.Key{Room: "support", Owner: roomv1alpha1.DefaultParticipantName, ID: "my-secret"})
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(string(row.Value)).To(Equal("token-value"))

	w.environ = append(w.environ, "MESHAGENT_TOKEN=ignored", "MESHAGENT_ROOM=support")
	w.Expect(w.kubectl("secret", "get", "-n", w.ns, "--id", "my-secret").Stdout).To(Equal("token-value"), "-n speaks of an object")
	w.Expect(w.kubectl("secret", "list", "--room", "support").Code).To(Equal(2), "the environment speaks of a room at an address")
}

func TestAClusterRoomLeadsToTheRoom(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	scope, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	w.Expect(err).NotTo(HaveOccurred())
	jwt, err := w.key.Sign(token.Claims{Name: "alice", Grants: []token.Grant{token.RoomGrant("lobby"), scope}})
	w.Expect(err).NotTo(HaveOccurred())
	room := &roomv1alpha1.ClusterRoom{
		ObjectMeta: metav1.ObjectMeta{Name: "of-" + w.ns},
		Spec: roomv1alpha1.ClusterRoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: w.url, RoomName: "lobby"},
			Auth:           roomv1alpha1.ClusterRoomAuth{TokenSecretRef: &roomv1alpha1.NamespacedSecretKeyRef{Namespace: w.ns, SecretKeyRef: roomv1alpha1.SecretKeyRef{Name: "token", Key: "token"}}},
			Access: []roomv1alpha1.ClusterAccessRule{{
				Namespaces: roomv1alpha1.NamespaceRule{Names: []roomv1alpha1.Pattern{"*"}},
				AccessRule: roomv1alpha1.AccessRule{IDs: []roomv1alpha1.Pattern{"*"}, Operations: []roomv1alpha1.Operation{roomv1alpha1.OperationRead}},
			}},
		},
	}
	w.create(w.secret("token", map[string]string{"token": jwt}), room)
	w.Expect(w.kubectl("secret", "set", "--cluster-room", room.Name, "--id", "a", "--text", "b").Stderr).To(Equal("Stored 1 bytes\n"))
	_, err = w.store.Get(t.Context(), store.Key{Room: "lobby", Owner: "alice", ID: "a"})
	w.Expect(err).NotTo(HaveOccurred())
	other := w.kubectl("secret", "list", "--cluster-room", room.Name, "--as-identity", "bob")
	w.Expect(other.Stderr).To(ContainSubstring("needs an API key"))
	w.Expect(w.run("kubectl_complete-room", "secret", "list", "--cluster-room", "of-"+w.ns).Stdout).To(Equal(room.Name + "\n:4\n"))
}

func TestNoClusterIsNeededForARoomAtAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.environ = append(w.environ, "KUBECONFIG=/nonexistent", "MESHAGENT_ROOM_URL="+w.url, "MESHAGENT_API_KEY="+w.key.Encode())
	w.Expect(w.kubectl("secret", "set", "--room", "myroom", "--id", "my-secret", "--text", "token-value")).To(Equal(result{0, "", "Stored 11 bytes\n"}))
	w.Expect(w.kubectl("secret", "get", "--room", "myroom", "--id", "my-secret").Stdout).To(Equal("token-value"))
	w.environ = append(w.environ, "MESHAGENT_API_KEY=")
	got := w.kubectl("secret", "list", "--room", "myroom")
	w.Expect(got.Code).To(Equal(1))
	w.Expect(got.Stderr).To(ContainSubstring("there is no kubeconfig"))
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for room, credential := range map[string]roomv1alpha1.SecretKeyRef{
		"no-secret": {Name: "nothing", Key: "api-key"},
		"no-key":    {Name: "meshagent", Key: "nothing"},
		"no-token":  {Name: "nonsense", Key: "k"},
	} {
		ref := credential
		w.create(&roomv1alpha1.Room{
			ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: room},
			Spec:       roomv1alpha1.RoomSpec{RoomConnection: roomv1alpha1.RoomConnection{Endpoint: w.url}, Auth: roomv1alpha1.RoomAuth{TokenSecretRef: &ref}},
		})
	}
	w.create(w.secret("nonsense", map[string]string{"k": "hidden"}))
	for room, want := range map[string]string{
		"no-room":   `"no-room" not found in namespace "` + w.ns + `"`,
		"no-secret": `"nothing" not found in namespace "` + w.ns + `"`,
		"no-key":    `key "nothing" of Secret ` + w.ns + `/meshagent is missing or empty`,
		"no-token":  `key "k" of Secret ` + w.ns + `/nonsense is not a participant token`,
	} {
		got := w.kubectl("secret", "list", "--room", room)
		w.Expect(got.Code).NotTo(BeZero(), room)
		w.Expect(got.Stderr).To(ContainSubstring(want))
		w.Expect(got.Stderr).NotTo(ContainSubstring("hidden"))
	}
}

func TestTheUsersRightsDecide(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, err := cluster.AddUser("nobody-in-particular")
	w.Expect(err).NotTo(HaveOccurred())
	got := w.kubectl("secret", "list", "--room", "support", "-n", w.ns, "--kubeconfig", user.Kubeconfig)
	w.Expect(got.Code).To(Equal(1))
	w.Expect(got.Stderr).To(ContainSubstring("forbidden"))
}

func TestNamesAreCompleted(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoomSecrets()
	w.Expect(w.kubectl("secret", "set", "--room", "support", "--id", "my-secret", "--text", "v").Code).To(Equal(0))
	for line, want := range map[string]string{
		"secret list --room ":                 "support\n:4\n",
		"secret list --room x":                ":4\n",
		"secret get --room support --id ":     "my-secret\n:4\n",
		"secret delete --room support ":       "my-secret\n:4\n",
		"sync ":                               "app\nstripe\n:4\n",
		"status s":                            "stripe\n:4\n",
		"status -n " + w.ns + " -o ":          "table\nwide\njson\nyaml\nname\n:4\n",
		"secret list --namespace " + w.ns:     w.ns + "\n:4\n",
		"secret list --room support --contex": "--context\tcontext of the kubeconfig to use\n:4\n",
	} {
		w.Expect(w.run("kubectl_complete-room", strings.Split(line, " ")...).Stdout).To(Equal(want), line)
	}
	// kubectl itself runs it.
	w.Expect(w.run("kubectl", "__complete", "room", "sync", "st").Stdout).To(ContainSubstring("stripe\n"))
}

func TestSyncAndStatusWithoutAnOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Expect(w.kubectl("status")).To(Equal(result{0, "", "No RoomSecrets found in " + w.ns + " namespace.\n"}))
	w.withRoomSecrets()
	w.Expect(w.kubectl("status").Stdout).To(MatchRegexp(`stripe +Push +support +Unknown +NotObserved +<none> +<none> +\S+\n`))
	w.Expect(w.kubectl("status", "stripe").Stdout).To(ContainSubstring("No operator has looked at it yet."))
	w.Expect(w.kubectl("sync", "stripe")).To(Equal(result{0, "roomsecret.roomsecrets.io/stripe sync requested\n", ""}))
	w.Expect(w.kubectl("sync", "stripe", "--wait", "--timeout", "1s")).To(Equal(
		result{1, "", "error: roomsecret.roomsecrets.io/stripe is not synced in time: the operator has not heeded the request: is it running?\n"}))
	w.Expect(w.kubectl("sync", "nothing").Stderr).To(ContainSubstring(`"nothing" not found`))
	w.Expect(w.kubectl("status", "nothing").Code).To(Equal(1))
	w.Expect(w.kubectl("status", "nothing", "--watch").Stderr).To(ContainSubstring(`"nothing" not found`), "not waited for")
	w.Expect(w.kubectl("status", "-o", "name")).To(Equal(result{0, "roomsecret.roomsecrets.io/app\nroomsecret.roomsecrets.io/stripe\n", ""}))
}

func TestStatusIsWatched(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoomSecrets()
	watch := w.command("kubectl", "room", "status", "--watch")
	stdout, err := watch.StdoutPipe()
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(watch.Start()).To(Succeed())
	lines := bufio.NewScanner(stdout)
	next := func() string {
		lines.Scan()
		return lines.Text()
	}
	w.Expect(next()).To(MatchRegexp(`^EVENT      NAME     DIRECTION `))
	w.Expect(next()).To(MatchRegexp(`^ADDED      app      Pull `))
	w.Expect(next()).To(MatchRegexp(`^ADDED      stripe   Push `))
	w.Expect(w.kubectl("sync", "app").Code).To(Equal(0))
	w.Expect(next()).To(MatchRegexp(`^MODIFIED   app      Pull `), "what was shown is not shown again")
	w.Expect(watch.Process.Signal(os.Interrupt)).To(Succeed())
	w.Expect(watch.Wait()).To(Succeed())
}

func TestSyncWaitsForTheOperator(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRoomSecrets()
	w.withOperator()
	w.Eventually(func() result { return w.kubectl("sync", "stripe", "--wait") }).Should(Equal(result{0, "roomsecret.roomsecrets.io/stripe synced\n", ""}))

	key := store.Key{Room: "support", Owner: roomv1alpha1.DefaultParticipantName, ID: "stripe"}
	w.Expect(w.store.Delete(t.Context(), key)).To(Succeed())
	w.Expect(w.kubectl("sync", "stripe", "--wait").Code).To(Equal(0))
	row, err := w.store.Get(t.Context(), key)
	w.Expect(err).NotTo(HaveOccurred())
	w.Expect(string(row.Value)).To(Equal("sk_live"))
	w.Expect(w.kubectl("status", "stripe", "-o", "name").Stdout).To(Equal("roomsecret.roomsecrets.io/stripe\n"))
	w.Expect(w.kubectl("status", "-o", "json").Stdout).To(ContainSubstring(`"kind": "RoomSecret"`))
	w.Expect(w.kubectl("status", "-A", "-o", "wide").Stdout).To(MatchRegexp(w.ns + ` +stripe .* 1 of 1 entries are in sync`))

	var source corev1.Secret
	w.Expect(w.kube.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "stripe-keys"}, &source)).To(Succeed())
	w.Expect(w.kube.Delete(t.Context(), &source)).To(Succeed())
	w.Eventually(func() string { return w.kubectl("status", "stripe").Stdout }).Should(ContainSubstring("SourceNotFound"))
	got := w.kubectl("sync", "stripe", "--wait", "--timeout", "2s")
	w.Expect(got.Code).To(Equal(1))
	w.Expect(got.Stderr).To(ContainSubstring("is not synced in time: SourceNotFound: "))
}
