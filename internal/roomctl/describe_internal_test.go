// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"

	"github.com/spf13/cobra"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/cluster"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

func TestWhatTheRoomSaysIsWithheldWhenItRepeatsASecret(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("wrapped: %w", &roomclient.Error{Op: "secrets.set_secret", Kind: roomclient.ErrInvalid, Text: `bad value "hunter2"`})
	a := &app{}
	if got, want := a.describe(err), `wrapped: secrets.set_secret: invalid: the room says "bad value \"hunter2\""`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	a.hide(nil)
	a.hide(redact.Bytes("other"))
	a.hide(redact.Bytes("hunter2"))
	if got, want := a.describe(err), "wrapped: secrets.set_secret: invalid"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := a.describe(&roomclient.Error{Op: "dial", Err: context.Canceled}); got != "interrupted" {
		t.Errorf("got %s", got)
	}
}

func TestWhoAsksCannotPretendToBeAnotherLine(t *testing.T) {
	t.Parallel()
	request := roomclient.PendingSecretRequest{
		Asker:         roomclient.Participant{Name: "a\nRequest from b"},
		SecretRequest: roomclient.SecretRequest{URL: "secret://x", Type: "text\r", DelegateTo: "c"},
	}
	want := `Request from "a\nRequest from b" for secret://x ("text\r"), to be delegated to c`
	if got := describeRequest(request); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	request.Asker = roomclient.Participant{ID: "7"}
	if got := describeRequest(request); !strings.HasPrefix(got, "Request for secret://x") {
		t.Errorf("an asker without a name: %s", got)
	}
}

func TestAnErrorSaysWhatToDoAboutIt(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err  error
		want string
	}{
		"a certificate that nobody here trusts": {
			&roomclient.Error{Op: "dial", Err: &tls.CertificateVerificationError{Err: x509.UnknownAuthorityError{}}}, "SSL_CERT_FILE",
		},
		"a cluster without the operator": {&meta.NoKindMatchError{}, "install the operator there"},
		"an object that is not there":    {cluster.In("team-a", apierrors.NewNotFound(schema.GroupResource{Resource: "rooms"}, "r")), `rooms "r" not found in namespace "team-a"`},
	} {
		if got := new(app).describe(c.err); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, syscall.ENOSPC }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	t.Parallel()
	secrets := []roomclient.SecretInfo{{ID: "a"}}
	list := &roomv1alpha1.RoomSecretList{Items: make([]roomv1alpha1.RoomSecret, 1)}
	list.Items[0].Status.Entries = []roomv1alpha1.EntryStatus{{Name: "e"}}
	for _, format := range []string{"", "json", "yaml", "name"} {
		printer, err := newListPrinter(full{}, format)
		if err != nil {
			t.Fatal(err)
		}
		var o statusOptions
		o.addFlags(&cobra.Command{})
		*o.print.OutputFormat = format
		show, err := (&app{Env: Env{IOStreams: genericiooptions.IOStreams{Out: full{}}}}).newStatusPrinter(o)
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"list":           printer.print(secrets),
			"list --watch":   printer.printChanges(changes(nil, secrets)),
			"status":         show.all(list.DeepCopy()),
			"status NAME":    show.one(list.Items[0].DeepCopy()),
			"status --watch": show.changes(watch.Added, list.DeepCopy().Items),
		} {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s -o %q: %v", name, format, err)
			}
		}
	}
}

func TestKubectlCompletesUnderAnotherName(t *testing.T) {
	t.Parallel()
	for program, want := range map[string]int{"/usr/bin/kubectl-room": 1, "/usr/bin/kubectl_complete-room": 2, "kubectl_complete-room.exe": 2} {
		if got := Args([]string{program, "secret"}); len(got) != want || got[len(got)-1] != "secret" {
			t.Errorf("%s: %q", program, got)
		}
	}
	if got := Args(nil); got != nil {
		t.Errorf("%q", got)
	}
}
