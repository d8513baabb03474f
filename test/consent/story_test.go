// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

func link(a consent.Authorization) string { return page.links.For(a.Ref, a.Until) }

// wantToken checks that the agent got a token that is good.
func wantToken(t *testing.T, answer <-chan answered) {
	t.Helper()
	select {
	case got := <-answer:
		if got.err != nil || !page.provider.valid(t, got.token) {
			t.Errorf("the agent has a token of %d bytes, %v", len(got.token), got.err)
		}
	case <-time.After(patience):
		t.Error("the agent still waits")
	}
}

// wantWaiting checks that the agent has no answer yet.
func wantWaiting(t *testing.T, answer <-chan answered) {
	t.Helper()
	select {
	case got := <-answer:
		t.Errorf("the agent has an answer: %d bytes, %v, %q", len(got.token), got.err, got.refusal)
	default:
	}
}

func TestALinkAndAnAccountAtTheProviderGiveTheAgentItsToken(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "release-agent")
	b.open(link(a))
	if text := b.shows("Approve a token"); !strings.Contains(text, "release-agent") || !strings.Contains(text, "offline_access") {
		t.Errorf("the page says:\n%s", text)
	}
	b.click(approveButton)
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)

	b.open(link(a))
	b.shows("has been decided")
}

func TestWhoeverIsNamedSignsInAndApproves(t *testing.T) {
	b := newBrowser(t)
	mine, answer := page.room.ask(t, "mine", approvers(userEmail))
	theirs, other := page.room.ask(t, "theirs", approvers("somebody@example.com"))
	page.room.ask(t, "by-link")
	b.open(page.url)
	b.shows("Requests for OAuth tokens")
	b.click("a.go")
	b.logIn()
	text := b.shows("Waiting for you")
	if !strings.Contains(text, "mine asks") || strings.Contains(text, "theirs") || strings.Contains(text, "by-link") {
		t.Errorf("the list says:\n%s", text)
	}
	b.open(link(theirs))
	b.shows("Nothing to see here")
	b.open(page.url + "/r/team-a/provide-tokens/" + theirs.RequestID)
	b.shows("Nothing to see here")

	b.open(page.url)
	b.click(".requests a")
	b.shows("Approve a token")
	b.click(approveButton)
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)
	wantWaiting(t, other)
	if made := page.room.made[page.room.decisions()-1]; made.By != userEmail {
		t.Errorf("decided by %q", made.By)
	}
	b.click("header button")
	b.shows("Requests for OAuth tokens")
	b.open(link(mine))
	b.run(loginForm())
}

func TestALinkLeadsToTheSignInAndBack(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "led", approvers(userEmail))
	b.open(link(a))
	b.logIn()
	b.shows("Approve a token")
	b.click(denyButton)
	b.shows("Denied")
	if got := <-answer; got.refusal != "denied by a person" {
		t.Errorf("the agent reads %q", got.refusal)
	}
}

func TestADenialTellsTheAgentWhy(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "denied")
	b.open(link(a))
	b.run(chromedp.SendKeys(chromedp.CSS("#reason"), "I do not know you"))
	b.click(denyButton)
	b.shows("Denied")
	if got := <-answer; got.refusal != "I do not know you" {
		t.Errorf("the agent reads %q", got.refusal)
	}
}

// TestAKeyboardIsEnough goes through the page as somebody who has no pointer.
func TestAKeyboardIsEnough(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "keyboard")
	b.open(link(a))
	b.shows("Approve a token")
	focused := func() string {
		t.Helper()
		outline := is[string](b, `getComputedStyle(document.activeElement).outlineStyle + " " + getComputedStyle(document.activeElement).outlineWidth`)
		if outline != "solid 3px" {
			t.Errorf("what has the focus is not to be seen: %s", outline)
		}
		return is[string](b, `document.activeElement.value || document.activeElement.id || document.activeElement.textContent`)
	}
	var order []string
	for range 4 {
		b.run(chromedp.KeyEvent(kb.Tab))
		order = append(order, focused())
	}
	if got := strings.Join(order, ", "); got != "RoomSecret, approve, reason, deny" {
		t.Errorf("the focus goes to %s", got)
	}
	b.open(link(a))
	b.run(chromedp.KeyEvent(kb.Tab+kb.Tab+kb.Enter), loginForm())
	b.run(chromedp.KeyEvent(kb.Tab + userName + kb.Tab + password + kb.Enter))
	b.shows("Approved")
	wantToken(t, answer)
}

func TestNoScriptIsNeeded(t *testing.T) {
	b := newBrowser(t)
	b.run(tell(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}))
	a, answer := page.room.ask(t, "no-script")
	b.open(link(a))
	b.shows("Approve a token")
	b.click(approveButton)
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)
}

func TestALinkIsDeadAfterItsTime(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "late")
	b.open(page.links.For(a.Ref, time.Now().Add(-time.Second)))
	b.shows("This request is over")
	b.open(link(a) + "x")
	b.shows("Nothing to see here")
	wantWaiting(t, answer)
}

func TestACallbackIsGoodOnceAndInItsBrowser(t *testing.T) {
	b, thief := newBrowser(t), newBrowser(t)
	a, answer := page.room.ask(t, "replay")
	b.open(link(a))
	b.click(approveButton)
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)
	callback := b.went(page.url + "/callback?")
	b.open(callback)
	b.shows("has been decided")
	thief.open(callback)
	thief.shows("This did not begin here")
	thief.open(link(a))
	thief.shows("has been decided")

	// A state that is still good, with a code of somebody else.
	other, waiting := page.room.ask(t, "injected")
	thief.open(link(other))
	thief.click(approveButton)
	thief.run(loginForm())
	state := thief.went(page.provider.endpoint() + "?")
	_, state, _ = strings.Cut(state, "state=")
	state, _, _ = strings.Cut(state, "&")
	b.open(page.url + "/callback?code=injected&state=" + state)
	b.shows("This did not begin here")
	wantWaiting(t, waiting)
}

func TestAnotherSiteCanNeitherSendTheFormNorFrameThePage(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "attacked")
	b.open(link(a))
	form := is[string](b, `document.querySelector("input[name=form]").value`)
	before := page.room.decisions()
	b.open(evil(t, `<form method="post" action="`+link(a)+`"><input name="form" value="`+form+`"><input name="decision" value="deny"></form>
		<script>document.forms[0].submit()</script>`))
	b.shows("This came from another site")

	b.open(evil(t, `<h1>evil</h1><iframe src="`+link(a)+`" onload="document.title='loaded'"></iframe>`))
	get(b, chromedp.Poll[bool](`document.title === "loaded"`))
	if complaint := b.forgive(); !strings.Contains(complaint, "frame-ancestors") && !strings.Contains(complaint, "X-Frame-Options") {
		t.Errorf("the page can be framed: %s", complaint)
	}
	if made := page.room.decisions(); made != before {
		t.Errorf("%d decisions were made", made-before)
	}
	wantWaiting(t, answer)
}

func TestWhoDoesNotLogInApprovesNothing(t *testing.T) {
	b := newBrowser(t)
	a, answer := page.room.ask(t, "forgetful")
	b.open(link(a))
	b.click(approveButton)
	b.run(loginForm(), chromedp.NavigateBack())
	b.shows("Approve a token")
	wantWaiting(t, answer)
	b.click(approveButton)
	b.logIn()
	b.shows("Approved")
	wantToken(t, answer)
}
