// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

const page = "https://consent.example.com/a/link"

// join connects to the room as somebody.
func (w *world) join(name string, asked func(context.Context, roomclient.PendingOAuthRequest)) *roomclient.Conn {
	w.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}})
	w.Expect(err).NotTo(HaveOccurred())
	signed, err := w.key.Sign(token.Claims{Name: name, Grants: []token.Grant{token.RoomGrant("support"), api}})
	w.Expect(err).NotTo(HaveOccurred())
	conn, err := roomclient.Dial(w.t.Context(), roomclient.Config{
		URL: w.url, Room: "support", Token: roomclient.StaticToken(signed), OnOAuthRequest: asked,
	})
	w.Expect(err).NotTo(HaveOccurred())
	w.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// asked has an agent ask the operator, which is somebody else here, for a token. It returns the id of the request and what
// becomes of it.
func (w *world) asked() (request string, ended <-chan error) {
	w.t.Helper()
	requests, end := make(chan string, 1), make(chan error, 1)
	operator := w.join(roomv1alpha1.DefaultParticipantName, func(_ context.Context, r roomclient.PendingOAuthRequest) { requests <- r.ID })
	agent := w.join("release-agent", nil)
	go func() {
		_, err := agent.Secrets().RequestOAuthToken(w.t.Context(), roomclient.OAuthRequest{
			Client: roomclient.OAuthClient{
				ID: "client", AuthorizationEndpoint: "https://provider.example/authorize", TokenEndpoint: "https://provider.example/token",
			},
			RedirectURI: "https://consent.example.com/callback", ParticipantID: operator.ParticipantID(),
		})
		end <- err
	}()
	w.Eventually(requests).Should(Receive(&request))
	return request, end
}

// withRequests creates a RoomSecret "tokens" that lets people approve, whose status has requests that wait for them.
func (w *world) withRequests(ids ...string) {
	w.t.Helper()
	rs := &roomv1alpha1.RoomSecret{
		ObjectMeta: metav1.ObjectMeta{Namespace: w.ns, Name: "tokens"},
		Spec: roomv1alpha1.RoomSecretSpec{
			RoomRef: roomv1alpha1.RoomReference{Name: "support"},
			Provide: &roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{{
				AuthorizationEndpoint: "https://provider.example/authorize", ClientIDs: []string{"client"},
			}}},
		},
	}
	w.create(rs)
	base := rs.DeepCopy()
	for _, id := range ids {
		rs.Status.Pending = append(rs.Status.Pending, roomv1alpha1.PendingRequest{
			Name: id, Kind: roomv1alpha1.RequestOAuthToken, Participant: "release-agent", URL: "https://provider.example/authorize",
			State: roomv1alpha1.PendingWaiting, Since: metav1.Now(), ConsentURL: page,
			Authorization: &roomv1alpha1.PendingAuthorization{ClientID: "client", RedirectURI: "https://consent.example.com/callback"},
		})
	}
	w.Expect(w.kube.Status().Patch(w.t.Context(), rs, client.MergeFrom(base))).To(Succeed())
}

func TestRequestsAreShown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Expect(w.kubectl("requests")).To(Equal(result{0, "", "No request waits for anybody.\n"}))
	w.Expect(w.kubectl("requests", "-o", "json")).To(Equal(result{0, "[]\n", ""}))
	w.withRequests("request-1")
	w.Expect(w.kubectl("requests").Stdout).To(MatchRegexp(
		`^ROOMSECRET +REQUEST +KIND +PARTICIPANT +URL +STATE +SINCE\n` +
			`tokens +request-1 +OAuthToken +release-agent +https://provider.example/authorize +Waiting +\S+\n$`))
	w.Expect(w.kubectl("requests", "-A", "-o", "wide").Stdout).To(MatchRegexp(w.ns + ` +tokens +request-1 .* client +` + page))
	var listed []map[string]any
	w.Expect(json.Unmarshal([]byte(w.kubectl("requests", "-o", "json").Stdout), &listed)).To(Succeed())
	w.Expect(listed).To(ConsistOf(And(
		HaveKeyWithValue("namespace", w.ns), HaveKeyWithValue("roomSecret", "tokens"), HaveKeyWithValue("name", "request-1"))))
	w.Expect(w.kubectl("requests", "-o", "xml").Code).To(Equal(2))
}

func TestAPageIsOpenedToApprove(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRequests("request-1", "request-2")
	w.Expect(w.kubectl("requests", "approve", "tokens").Stderr).To(ContainSubstring("2 requests of roomsecret.roomsecrets.io/tokens wait: say which of request-1, request-2"))
	w.Expect(w.kubectl("requests", "approve", "tokens", "request-2", "--no-browser")).To(Equal(result{0, "Open this page to approve it: " + page + "\n", ""}))
	w.Expect(w.kubectl("requests", "approve", "tokens", "nothing").Stderr).To(ContainSubstring("no such request"))
	w.Expect(w.kubectl("requests", "approve", "nothing").Stderr).To(ContainSubstring(`"nothing" not found`))
	w.Expect(w.kubectl("requests", "approve").Code).To(Equal(2))
}

func TestARequestIsDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, ended := w.asked()
	w.withRequests(request)
	w.Expect(w.kubectl("requests", "deny", "tokens", "--reason", "").Code).To(Equal(2))
	w.Expect(w.kubectl("requests", "deny", "tokens", "--reason", "not this week")).To(Equal(result{0, "denied request " + request + "\n", ""}))
	var err error
	w.Eventually(ended, 10*time.Second).Should(Receive(&err))
	refused, ok := errors.AsType[*roomclient.Error](err)
	w.Expect(ok).To(BeTrue())
	w.Expect(refused.Text).To(Equal("not this week"))
	var rs roomv1alpha1.RoomSecret
	w.Expect(w.kube.Get(t.Context(), client.ObjectKey{Namespace: w.ns, Name: "tokens"}, &rs)).To(Succeed())
	w.Expect(rs.Status.Pending[0].State).To(Equal(roomv1alpha1.PendingDenied))
	w.Expect(rs.Status.Pending[0].DecidedBy).To(Equal("kubectl"))
	w.Expect(w.kubectl("requests", "deny", "tokens").Stderr).To(ContainSubstring("no such request"))
}

func TestARequestThatWaitsNoMoreIsNotDenied(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.withRequests("long-gone")
	w.Expect(w.kubectl("requests", "deny", "tokens")).To(Equal(result{1, "", "error: the request waits no more: it was answered or has timed out\n"}))
}
