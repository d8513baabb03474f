// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl_test

import (
	"context"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/creack/pty"
	"github.com/gorilla/websocket"
	. "github.com/onsi/gomega"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl"
	"github.com/roomsecrets/roomsecret-operator/internal/roomserver"
)

// terminal is a terminal with somebody in front of it.
type terminal struct {
	screen lockedBuffer
	user   *os.File // what the user types into
	tty    *os.File // what a command line has as its streams
	code   chan int
	stop   context.CancelFunc
}

// openTerminal runs a command line at a terminal.
func (r *room) openTerminal(t *testing.T, line string) *terminal {
	t.Helper()
	user, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	term := &terminal{user: user, tty: tty, code: make(chan int, 1), stop: cancel}
	var reading sync.WaitGroup
	reading.Go(func() { _, _ = io.Copy(&term.screen, user) })
	go func() {
		term.code <- roomctl.Run(ctx, asAlice(strings.Fields(line)), roomctl.Env{
			IOStreams: genericiooptions.IOStreams{In: tty, Out: tty, ErrOut: tty},
			Getenv:    func(name string) string { return r.env[name] },
		})
	}()
	t.Cleanup(func() {
		cancel()
		_ = tty.Close()
		_ = user.Close()
		reading.Wait()
	})
	return term
}

// shown waits for the end of the command and returns the exit code and the screen, with plain line ends.
func (term *terminal) shown(t *testing.T) (int, string) {
	t.Helper()
	var code int
	NewWithT(t).Eventually(term.code).Should(Receive(&code), term.screen.String)
	// What was written before the end may still be on its way.
	marker := "(the end)"
	if _, err := term.tty.WriteString(marker); err != nil {
		t.Fatal(err)
	}
	NewWithT(t).Eventually(term.screen.String).Should(HaveSuffix(marker))
	return code, strings.TrimSuffix(strings.ReplaceAll(term.screen.String(), "\r\n", "\n"), marker)
}

func (term *terminal) types(t *testing.T, text string) {
	t.Helper()
	if _, err := term.user.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func TestASecretIsShownOnATerminalWithAWarning(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	r.put(t, "s", "value")
	const found = "Got secret name=s mime_type=text/plain bytes=5\n"
	const warning = "this shows a secret on the terminal; --out FILE does not, and --out - does without a warning\n"

	code, screen := r.openTerminal(t, "secret get --id s").shown(t)
	g.Expect(code).To(Equal(0))
	g.Expect(screen).To(Equal(found + "\x1b[33mWarning:\x1b[0m " + warning + "value\n"))

	_, screen = r.openTerminal(t, "secret get --id s --out -").shown(t)
	g.Expect(screen).To(Equal(found+"value\n"), "it was asked for")

	r.env["NO_COLOR"] = "1"
	_, screen = r.openTerminal(t, "secret get --id s").shown(t)
	g.Expect(screen).To(Equal(found + "Warning: " + warning + "value\n"))
}

func TestWhatATerminalWouldObeyIsNotShown(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	r.put(t, "s", "\x1b]0;hostile\x07")
	code, screen := r.openTerminal(t, "secret get --id s").shown(t)
	g.Expect(code).To(Equal(1))
	g.Expect(screen).To(ContainSubstring("error: the value is not text"))
	g.Expect(screen).NotTo(ContainSubstring("hostile"))

	code, screen = r.openTerminal(t, "secret get --id s --out -").shown(t)
	g.Expect(code).To(Equal(0))
	g.Expect(screen).To(ContainSubstring("hostile"), "it was asked for")

	g.Expect(r.runWith(t, nil, "secret", "set", "--id", "n", "--name", "\x1b[2Jname", "--text", "x").Code).To(Equal(0))
	_, screen = r.openTerminal(t, "secret get --id n").shown(t)
	g.Expect(screen).To(ContainSubstring("Got secret name=^[[2Jname"))
	g.Expect(r.runWith(t, nil, "secret", "set", "--id", "\x1b[2Jid", "--text", "x").Code).To(Equal(0))
	_, screen = r.openTerminal(t, "secret list -o name").shown(t)
	g.Expect(screen).NotTo(ContainSubstring("\x1b"))
}

func TestAValueIsTypedWithoutBeingShown(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	term := r.openTerminal(t, "secret set --id s --in -")
	g.Eventually(term.screen.String).Should(ContainSubstring("Value (not shown, ends with Enter): "))
	term.types(t, "typed\n")
	code, screen := term.shown(t)
	g.Expect(code).To(Equal(0))
	g.Expect(screen).To(Equal("Value (not shown, ends with Enter): \nStored 5 bytes\n"))
	g.Expect(r.run(t, "secret get --id s").Stdout).To(Equal("typed"))
}

func TestRequestsAreAnsweredAtATerminal(t *testing.T) {
	t.Parallel()
	// Each has a room of its own: whoever has the identity that is asked may answer.
	ask := func(t *testing.T, url string) (*terminal, chan result) {
		t.Helper()
		g, r := NewWithT(t), newRoom(t)
		term := r.openTerminal(t, "secret provide --as-identity bob")
		g.Eventually(term.screen.String).Should(MatchRegexp("participant id: .*\r\n"))
		_, rest, _ := strings.Cut(term.screen.String(), "participant id: ")
		id, _, _ := strings.Cut(rest, "\r\n")
		answers := make(chan result, 1)
		go func() {
			answers <- r.run(t, "secret request --type text/plain --from-participant-id "+id+" --url "+url)
		}()
		g.Eventually(term.screen.String).Should(ContainSubstring("Value (not shown; Enter alone rejects): "))
		return term, answers
	}
	t.Run("with what is typed", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		term, answers := ask(t, "secret://typed")
		term.types(t, "hunter2\n")
		g.Eventually(answers).Should(Receive(HaveField("Stdout", "hunter2")))
		g.Eventually(term.screen.String).Should(ContainSubstring("for secret://typed (text/plain): provided 7 bytes"))
		g.Expect(term.screen.String()).NotTo(ContainSubstring("hunter2"))
	})
	t.Run("with a refusal", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		term, answers := ask(t, "secret://refused")
		term.types(t, "\n")
		g.Eventually(answers).Should(Receive(HaveField("Stderr", ContainSubstring("declined"))))
	})
	t.Run("with a refusal when it is interrupted", func(t *testing.T) {
		t.Parallel()
		g := NewWithT(t)
		term, answers := ask(t, "secret://interrupted")
		term.stop()
		g.Eventually(answers).Should(Receive(HaveField("Stderr", ContainSubstring("cancelled"))))
		code, _ := term.shown(t)
		g.Expect(code).To(Equal(0))
		term.types(t, "\n") // the read that was given up ends
	})
}

func TestTheCodeCanBeBroughtByHand(t *testing.T) {
	t.Parallel()
	g, oauth := NewWithT(t), provider(t, true)
	r := newRoomWith(t, roomserver.Config{OAuthOrigins: []string{oauth.URL}})
	term := r.openTerminal(t, "secret authorize --as-identity bob --once")
	g.Eventually(term.screen.String).Should(MatchRegexp("participant id: .*\r\n"))
	_, rest, _ := strings.Cut(term.screen.String(), "participant id: ")
	id, _, _ := strings.Cut(rest, "\r\n")
	answers := make(chan result, 1)
	go func() {
		answers <- r.run(t, "secret oauth --from-participant-id "+id+" --client-id c --redirect-uri https://app.example.com/callback --authorization-endpoint "+
			oauth.URL+"/authorize --token-endpoint "+oauth.URL+"/token")
	}()
	g.Eventually(term.screen.String).Should(ContainSubstring("Address that the browser ends up at (Enter alone rejects): "))
	_, rest, _ = strings.Cut(term.screen.String(), "&state=")
	state, _, _ := strings.Cut(rest, "\r\n")
	term.types(t, "https://app.example.com/callback?code=the-code&state="+state+"\n")
	g.Eventually(answers).Should(Receive(HaveField("Stdout", HaveSuffix("Got access token: access\n"))))
	code, _ := term.shown(t)
	g.Expect(code).To(Equal(0))
}

func TestWaitingIsShownUntilItIsOver(t *testing.T) {
	t.Parallel()
	g, r := NewWithT(t), newRoom(t)
	silent := r.start(t, "secret provide --as-identity bob --url other --text v --unmatched ignore")
	line := "secret request --timeout 2 --url u --from-participant-id " + silent.participant(t)
	code, screen := r.openTerminal(t, line).shown(t)
	g.Expect(code).To(Equal(1))
	g.Expect(screen).To(MatchRegexp(`\x1b\[2K[|/\\\-] Waiting for the answer`))
	g.Expect(screen).To(ContainSubstring("\r\x1b[2Kerror: "), "the line is free for what comes")

	r.env["TERM"] = "dumb"
	_, screen = r.openTerminal(t, line).shown(t)
	g.Expect(screen).NotTo(ContainSubstring("\x1b"))
	g.Expect(screen).NotTo(ContainSubstring("Waiting for the answer"))
}

func TestARoomThatIsStartingIsWaitedFor(t *testing.T) {
	t.Parallel()
	r := newRoomWith(t, roomserver.Config{Faults: []roomserver.Fault{
		{Kind: roomserver.FaultRefuse, Status: http.StatusServiceUnavailable, Times: 1},
		{Kind: roomserver.FaultClose, Status: websocket.CloseTryAgainLater, Times: 1},
	}})
	if got := r.run(t, "secret list -o name"); got != (result{}) {
		t.Errorf("%+v", got)
	}
}
