// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
)

// pictures is where the documentation has them, and maxPicture how large one may be, in bytes.
const (
	pictures   = "../../docs/images"
	maxPicture = 100 << 10
)

// scheme makes the browser one that likes it dark or light.
func scheme(name string) chromedp.Action[chromedp.Void] {
	return tell(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: name}},
	})
}

// phone makes the browser one with a small screen.
func phone() chromedp.Action[chromedp.Void] {
	return chromedp.EmulateViewport(360, 740, chromedp.EmulateMobile, chromedp.EmulateTouch)
}

// wellMade is a question about a page: what is wrong with how it is made.
const wellMade = `(() => {
	const wrong = [], all = (s) => [...document.querySelectorAll(s)];
	if (all("main").length !== 1 || all("h1").length !== 1) wrong.push("not one main and one h1");
	if (!document.documentElement.lang || !document.title) wrong.push("no language or title");
	if (all("script, [onclick], [style]").length) wrong.push("scripts, or styles of elements");
	for (const input of all("input:not([type=hidden])")) if (!input.labels.length) wrong.push("no label: " + input.name);
	for (const e of all("button, a")) if (!e.textContent.trim()) wrong.push("no name: " + e.outerHTML);
	for (const e of all("main button, main a.go, main input[type=text]"))
		if (e.getBoundingClientRect().height < 44) wrong.push("too small to touch: " + e.textContent + e.getBoundingClientRect().height);
	if (document.documentElement.scrollWidth > document.documentElement.clientWidth) wrong.push("wider than the screen");
	return wrong.join("; ");
})()`

// legible is a question about a page: which texts have too little contrast (WCAG 2.2, AA), with how much.
const legible = `(() => {
	const rgb = (c) => c.match(/[\d.]+/g).map(Number);
	const light = ([r, g, b]) => [r, g, b].map((v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
		.reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
	const under = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] !== 0) return c; } return [255, 255, 255]; };
	const ratio = (a, b) => { const [x, y] = [light(a), light(b)].sort((p, q) => q - p); return (x + 0.05) / (y + 0.05); };
	const poor = [];
	for (const e of document.querySelectorAll("body *")) {
		if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
		const r = ratio(rgb(getComputedStyle(e).color), under(e));
		if (r < 4.5) poor.push(e.textContent.trim() + " " + r.toFixed(2));
	}
	for (const e of document.querySelectorAll("input[type=text], button")) {
		const r = ratio(rgb(getComputedStyle(e).borderTopColor), under(e.parentElement));
		if (r < 3) poor.push("the edge of " + (e.name || e.textContent) + " " + r.toFixed(2));
	}
	return poor.join("; ");
})()`

// shown are the pictures that the documentation has.
func shown() []string {
	return []string{"request-desktop", "request-phone", "list-dark", "approved-desktop", "denied-night"}
}

// looksWell looks at a page as somebody sees it; with -update there is a picture of it.
func (b *browser) looksWell(name string) {
	b.t.Helper()
	for _, question := range []string{wellMade, legible} {
		if wrong := is[string](b, question); wrong != "" {
			b.t.Errorf("%s: %s", name, wrong)
		}
	}
	picture := get(b, chromedp.FullScreenshot(100))
	if len(picture) > maxPicture {
		b.t.Errorf("%s: the picture has %d bytes", name, len(picture))
	}
	if !*update || !slices.Contains(shown(), name) {
		return
	}
	if err := os.WriteFile(filepath.Join(pictures, "consent-"+name+".png"), picture, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// asks is what a picture shows: the times and the addresses are those of an example.
func asks(a *consent.Authorization) {
	a.Endpoint, a.ClientID = "https://github.com/login/oauth/authorize", "Iv23liEXAMPLE"
	a.Scopes = []string{"repo", "read:user", "offline_access"}
	a.DelegateTo = "release-worker"
}

func TestEveryPageLooksWell(t *testing.T) {
	for name, c := range map[string]struct {
		scheme string
		screen chromedp.Action[chromedp.Void]
	}{
		"phone":   {"light", phone()},
		"desktop": {"light", chromedp.EmulateViewport(800, 600)},
		"dark":    {"dark", chromedp.EmulateViewport(800, 600)},
		"night":   {"dark", phone()},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBrowser(t)
			b.run(scheme(c.scheme), c.screen)
			shown, _ := page.room.ask(t, "release-agent", asks, approvers(userEmail))
			page.room.ask(t, "billing-agent", approvers(userEmail), func(a *consent.Authorization) {
				a.Endpoint, a.Name, a.Until = "https://login.example.com/oauth2/authorize", "billing", time.Now().Add(42*time.Minute)
			})
			b.open(page.url)
			b.looksWell("welcome-" + name)
			b.open(link(shown))
			b.logIn()
			b.shows("Approve a token")
			b.looksWell("request-" + name)
			b.open(page.url)
			b.looksWell("list-" + name)
			b.open(link(shown))
			b.run(chromedp.SendKeys(chromedp.CSS("#reason"), "not this week"))
			b.click(denyButton)
			b.shows("Denied")
			b.looksWell("denied-" + name)
			b.open(link(shown))
			b.looksWell("decided-" + name)

			approved, answer := page.room.ask(t, "looked-at-"+name)
			b.open(link(approved))
			b.click(approveButton)
			b.logIn()
			b.shows("Approved")
			b.looksWell("approved-" + name)
			wantToken(t, answer)
		})
	}
}

// TestLongNamesFit has names as long as they can be, without a place to break them.
func TestLongNamesFit(t *testing.T) {
	b := newBrowser(t)
	b.run(phone())
	a, _ := page.room.ask(t, strings.Repeat("agent", 50), func(a *consent.Authorization) {
		for i := range 64 {
			a.Scopes = append(a.Scopes, fmt.Sprintf("https://www.example.com/auth/%d/%s", i, strings.Repeat("x", 200)))
		}
		a.ClientID, a.Room = strings.Repeat("c", 256), strings.Repeat("r", 253)
		a.Endpoint = "https://" + strings.Repeat("a.", 100) + "example/" + strings.Repeat("p", 200)
	})
	b.open(link(a))
	b.shows("Approve a token")
	if wrong := is[string](b, wellMade); wrong != "" {
		t.Error(wrong)
	}
}
