// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package consent

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long anything in a browser may take. It is a bound for a busy machine, not a measure.
const patience = 30 * time.Second

// chromium is the browser that all tests share; each has a profile of its own in it.
var chromium struct {
	sync.Mutex
	ctx    context.Context
	cancel func()
}

// findBrowser returns the program.
func findBrowser() (string, error) {
	var path string
	var err error
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err = exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", err
}

// theBrowser starts the browser if it does not run. Where there is none the test is skipped, but never in CI: there nobody would
// see it.
func theBrowser(t *testing.T) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.ctx != nil {
		return chromium.ctx
	}
	path, err := findBrowser()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("make browser installs Chromium: %v", err)
		}
		t.Skipf("THE CONSENT PAGE IS NOT TRIED IN A BROWSER: make browser installs Chromium: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.NoSandbox, // who runs tests as root has no other choice
		chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("force-color-profile", "srgb"),
	)
	allocator, stop := chromedp.NewExecAllocator(detached(t), options...)
	ctx, cancel := chromedp.NewContext(allocator)
	if err := chromedp.Do(ctx); err != nil {
		stop()
		t.Fatalf("start the browser: %v", err)
	}
	chromium.ctx = ctx //nolint:fatcontext // it is made once
	chromium.cancel = func() { cancel(); stop() }
	return ctx
}

func closeBrowser() {
	if chromium.cancel != nil {
		chromium.cancel()
	}
}

// browser is somebody's browser: its cookies are nobody else's.
type browser struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	visited  []string
	problems []string
}

func newBrowser(t *testing.T) *browser {
	t.Helper()
	b := &browser{t: t}
	ctx, cancel := chromedp.NewContext(theBrowser(t), chromedp.WithNewBrowserContext(), chromedp.WithListener(b.note))
	t.Cleanup(cancel)
	b.ctx = ctx
	// The tab lives as long as the context of the first action.
	if err := chromedp.Do(ctx); err != nil {
		t.Fatal(err)
	}
	b.run(chromedp.EmulateViewport(1000, 800))
	t.Cleanup(b.noProblems)
	return b
}

// note notes where the browser goes, and what it complains about.
func (b *browser) note(event any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if e.Type == network.ResourceTypeDocument {
			b.visited = append(b.visited, e.Request.URL)
		}
	case *cdplog.EventEntryAdded:
		// That a page is an error is no complaint about the page.
		if e.Entry.Source != cdplog.EntrySourceNetwork {
			b.problems = append(b.problems, string(e.Entry.Source)+": "+e.Entry.Text)
		}
	}
}

// noProblems checks that the browser complained about nothing, such as something that the page forbids itself.
func (b *browser) noProblems() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, problem := range b.problems {
		b.t.Errorf("the browser complains: %s", problem)
	}
}

// forgive returns what the browser complained about, which is then forgotten.
func (b *browser) forgive() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	problems := strings.Join(b.problems, "\n")
	b.problems = nil
	return problems
}

// went returns the last address of a kind that the browser has been at.
func (b *browser) went(base string) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, address := range slices.Backward(b.visited) {
		if strings.HasPrefix(address, base) {
			return address
		}
	}
	b.t.Fatalf("the browser has not been at %s", base)
	return ""
}

func (b *browser) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	get(b, chromedp.Steps(actions...))
}

// get does something, and returns what comes of it.
func get[T any](b *browser, action chromedp.Action[T]) T {
	b.t.Helper()
	got, err := try(b, action)
	if err != nil {
		where, _ := try(b, chromedp.Location())
		text, _ := try(b, chromedp.Text(chromedp.CSS("body")))
		b.t.Fatalf("%v, at %s:\n%s", err, where, text)
	}
	return got
}

func try[T any](b *browser, action chromedp.Action[T]) (T, error) {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, action)
}

// tell gives the browser an order of the protocol of its developer tools.
func tell[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, target *chromedp.Target) error {
		_, err := cdp.Call(ctx, target, command, params)
		return err
	})
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
}

// shows waits for a page with a heading, and returns what it says.
func (b *browser) shows(heading string) (text string) {
	b.t.Helper()
	b.run(chromedp.WaitVisible(`//h1[contains(., "` + heading + `")]`))
	return get(b, chromedp.Text(chromedp.CSS("main")))
}

func (b *browser) click(selector string) {
	b.t.Helper()
	b.run(chromedp.Click(chromedp.CSS(selector), chromedp.NodeVisible))
}

// logIn logs in at the provider.
func (b *browser) logIn() {
	b.t.Helper()
	b.run(
		loginForm(),
		chromedp.SendKeys(chromedp.CSS("#username"), userName),
		chromedp.SendKeys(chromedp.CSS("#password"), password+kb.Enter),
	)
}

// is evaluates a question about the page.
func is[T any](b *browser, question string) (answer T) {
	b.t.Helper()
	return get(b, chromedp.Evaluate[T](question))
}

// loginForm waits for that of the provider.
func loginForm() chromedp.Action[chromedp.Void] {
	return chromedp.WaitVisible(chromedp.CSS("#username"))
}

const (
	approveButton = `button[value="approve"]`
	denyButton    = `button[value="deny"]`
)
