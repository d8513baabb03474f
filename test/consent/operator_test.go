// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/zitadel/oidc/v3/example/server/storage"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/testkube"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// The clients that the provider knows of this test.
const (
	operatedClient = "operated-client"
	operatedPage   = "operated-page"
	operatedRoom   = "operated"
)

// operated is a cluster with two replicas of the operator, started as programs, and what stands in front of their pages.
type operated struct {
	t        *testing.T
	cluster  *testkube.Cluster
	kube     client.Client
	program  string
	url      string
	replicas []*replica
	next     atomic.Int64
}

type replica struct {
	command *exec.Cmd
	at      *url.URL
	alive   atomic.Bool
}

func startOperated(t *testing.T) *operated {
	t.Helper()
	cluster, err := testkube.Start(t.Context(), testkube.Options{CRDPaths: []string{"../../config/crd/bases"}, Controllers: []string{}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cluster.Stop(); err != nil {
			t.Error(err)
		}
	})
	o := &operated{t: t, cluster: cluster, program: filepath.Join(t.TempDir(), "manager")}
	if output, err := exec.Command("go", "build", "-C", "../..", "-o", o.program, "./cmd/manager").CombinedOutput(); err != nil {
		t.Fatalf("build the manager: %v\n%s", err, output)
	}
	scheme := runtime.NewScheme()
	must(t, clientgoscheme.AddToScheme(scheme))
	must(t, roomv1alpha1.AddToScheme(scheme))
	o.kube, err = client.New(cluster.Config, client.Options{Scheme: scheme})
	must(t, err)
	o.startFront()
	storage.RegisterClients(
		storage.NativeClient(operatedClient, o.url+"/callback"),
		storage.WebClient(operatedPage, pageSecret, o.url+"/signed-in"),
	)
	o.create(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "roomsecret-system"}})
	o.startReplica()
	o.startReplica()
	return o
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (o *operated) create(objects ...client.Object) {
	o.t.Helper()
	for _, object := range objects {
		must(o.t, o.kube.Create(o.t.Context(), object))
	}
}

// startFront starts what stands in front of the replicas, and has each request answered by another one.
func (o *operated) startFront() {
	o.t.Helper()
	front := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		for range o.replicas {
			chosen := o.replicas[int(o.next.Add(1))%len(o.replicas)]
			if chosen.alive.Load() {
				r.SetURL(chosen.at)
				r.Out.Host = r.In.Host
				return
			}
		}
	}})
	o.t.Cleanup(front.Close)
	_, port, err := net.SplitHostPort(front.Listener.Addr().String())
	must(o.t, err)
	o.url = "http://localhost:" + port
}

// startReplica starts a replica, and returns when its page is served.
func (o *operated) startReplica() {
	o.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(o.t, err)
	address := listener.Addr().String()
	must(o.t, listener.Close())
	secret := filepath.Join(o.t.TempDir(), "secret")
	must(o.t, os.WriteFile(secret, []byte(pageSecret), 0o600))
	r := &replica{at: &url.URL{Scheme: "http", Host: address}}
	r.command = exec.Command(o.program, "--kubeconfig="+o.cluster.Kubeconfig, "--metrics-bind-address=0", "--health-probe-bind-address=0",
		"--consent-address="+address, "--consent-url="+o.url, "--consent-oidc-issuer="+page.provider.URL,
		"--consent-oidc-client-id="+operatedPage, "--consent-oidc-client-secret-file="+secret)
	r.command.Stderr = o.t.Output()
	must(o.t, r.command.Start())
	r.alive.Store(true)
	o.t.Cleanup(func() { o.stop(r) })
	eventually(o.t, "the page is served", func() bool {
		response, err := http.Get(r.at.String())
		if err != nil {
			return false
		}
		return response.Body.Close() == nil && response.StatusCode == http.StatusOK
	})
	o.replicas = append(o.replicas, r)
}

// stop ends a replica as Kubernetes would.
func (o *operated) stop(r *replica) {
	o.t.Helper()
	if !r.alive.CompareAndSwap(true, false) {
		return
	}
	if err := r.command.Process.Signal(syscall.SIGTERM); err != nil {
		o.t.Error(err)
	}
	if err := r.command.Wait(); err != nil {
		o.t.Errorf("the manager ended with %v", err)
	}
}

// eventually waits until something is so.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(patience)
	for ticks := time.NewTicker(50 * time.Millisecond); !is(); {
		select {
		case <-deadline:
			t.Fatalf("not in time: %s", what)
		case <-ticks.C:
		}
	}
}

// status is that of the RoomSecret now.
func (o *operated) status(name string) roomv1alpha1.RoomSecretStatus {
	o.t.Helper()
	var rs roomv1alpha1.RoomSecret
	must(o.t, o.kube.Get(o.t.Context(), client.ObjectKey{Namespace: "default", Name: name}, &rs))
	return rs.Status
}

// offer creates a Room, and a RoomSecret whose rule lets one person approve tokens.
func (o *operated) offer() {
	o.t.Helper()
	o.create(
		&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "credential"}, StringData: map[string]string{"api-key": page.room.key.Encode()}},
		&roomv1alpha1.Room{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: operatedRoom}, Spec: roomv1alpha1.RoomSpec{
			RoomConnection: roomv1alpha1.RoomConnection{Endpoint: page.room.url},
			Auth:           roomv1alpha1.RoomAuth{APIKeySecretRef: &roomv1alpha1.SecretKeyRef{Name: "credential", Key: "api-key"}},
		}},
		&roomv1alpha1.RoomSecret{ObjectMeta: metav1.ObjectMeta{Namespace: "default", Name: "tokens"}, Spec: roomv1alpha1.RoomSecretSpec{
			RoomRef: roomv1alpha1.RoomReference{Name: operatedRoom},
			Provide: &roomv1alpha1.Provide{OAuth: []roomv1alpha1.ProvideOAuth{{
				AuthorizationEndpoint: roomv1alpha1.URLPattern(page.provider.endpoint()), ClientIDs: []string{operatedClient},
				Approvers: &roomv1alpha1.Approvers{Emails: []string{userEmail}},
			}}},
		}},
	)
}

// ask has an agent ask the operator for a token, once the operator is there.
func (o *operated) ask() <-chan answered {
	o.t.Helper()
	api, err := token.APIGrant(token.APIScope{Secrets: &token.SecretsGrant{}, Messaging: token.ListOnly()})
	must(o.t, err)
	claims := token.Claims{Name: "agent", Grants: []token.Grant{token.RoomGrant(operatedRoom), api}}
	conn, err := roomclient.Dial(o.t.Context(), roomclient.Config{
		URL: page.room.url, Room: operatedRoom, Token: roomclient.SignedToken(page.room.key, claims, time.Hour),
	})
	must(o.t, err)
	o.t.Cleanup(func() { _ = conn.Close() })
	must(o.t, conn.Attend(o.t.Context()))
	var operator string
	eventually(o.t, "the operator is in the room", func() bool {
		for _, participant := range conn.Participants() {
			if participant.Name == roomv1alpha1.DefaultParticipantName {
				operator = participant.ID
			}
		}
		return operator != ""
	})
	answer := make(chan answered, 1)
	go func() {
		token, err := conn.Secrets().RequestOAuthToken(context.WithoutCancel(o.t.Context()), roomclient.OAuthRequest{
			Client: roomclient.OAuthClient{
				ID: operatedClient, AuthorizationEndpoint: page.provider.endpoint(), TokenEndpoint: page.provider.URL + "/oauth/token",
				Scopes: []string{"openid", "offline_access"},
			},
			RedirectURI: o.url + "/callback", ParticipantID: operator, Timeout: 5 * time.Minute,
		})
		answer <- answered{token: string(token), err: err}
	}()
	return answer
}

// TestAnApprovalOutlivesTheLeader: each request of the browser is answered by another replica, and the leader goes while the
// person is at the provider.
func TestAnApprovalOutlivesTheLeader(t *testing.T) {
	b := newBrowser(t)
	o := startOperated(t)
	o.offer()
	answer := o.ask()
	var link string
	eventually(t, "the request waits for somebody", func() bool {
		for _, pending := range o.status("tokens").Pending {
			link = pending.ConsentURL
		}
		return link != ""
	})
	b.open(link)
	b.logIn()
	b.shows("Approve a token")
	b.open(o.url)
	b.shows("Waiting for you")
	b.click(".requests a")
	b.shows("Approve a token")
	b.click(approveButton)
	b.run(loginForm())
	o.stop(o.replicas[0])
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)
	b.open(link)
	b.shows("has been decided")
	eventually(t, "the status says who approved", func() bool {
		answers := o.status("tokens").Answers
		return answers != nil && answers.Provided == 1 && answers.Recent[0].By == userEmail && answers.Recent[0].Outcome == roomv1alpha1.AnswerProvided
	})
}
