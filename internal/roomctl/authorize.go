// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/answers"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/loopback"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// authorizer answers requests for OAuth authorizations.
type authorizer struct {
	*app
	endpoints  []string // patterns; empty: every endpoint
	delegateTo []string
	open       bool
	finish     func() // after the first answer; nil: go on

	mu sync.Mutex // one consent at a time
}

func (a *app) newAuthorizeCommand() *cobra.Command {
	var once bool
	by := &authorizer{app: a}
	command := &cobra.Command{
		Use:   "authorize",
		Short: "Answer the requests of other participants for OAuth tokens",
		Long: "Answer the requests of other participants for OAuth tokens, until interrupted. Standard output has the participant id\n" +
			"that others name in order to ask, and for each request the address of the page where to consent.\n\n" +
			"When the request's redirect URI leads to this machine, such as " + defaultRedirectURI + ", the answer of the\n" +
			"provider is received there. Otherwise the terminal asks for the address that the browser ends up at.",
		Example: "  kubectl room secret authorize --room support --open\n" +
			"  kubectl room secret authorize --room support --endpoint 'https://accounts.example.com/*' --once",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			ctx, finish := context.WithCancel(command.Context())
			defer finish()
			if once {
				by.finish = finish
			}
			return a.attend(ctx, choice, "requests for OAuth tokens", &by.mu, func(config *roomclient.Config) {
				config.OnOAuthRequest = func(asking context.Context, request roomclient.PendingOAuthRequest) {
					by.answer(ctx, asking, request)
				}
			})
		},
	}
	flags := command.Flags()
	flags.StringSliceVar(&by.endpoints, "endpoint", nil, "authorization endpoint to consent at: a literal, or a prefix and *; others are rejected; may be repeated")
	flags.StringSliceVar(&by.delegateTo, "delegate-to", nil, "identity that the token may be delegated to; may be repeated")
	flags.BoolVar(&by.open, "open", false, "open the page in the browser")
	flags.BoolVar(&once, "once", false, "end after the first answer")
	return command
}

// answer answers one request. ctx is that of the command, asking that of the request.
func (by *authorizer) answer(ctx, asking context.Context, request roomclient.PendingOAuthRequest) {
	by.mu.Lock()
	defer by.mu.Unlock()
	if asking.Err() != nil {
		return // it waited too long for its turn
	}
	waiting, cancel := context.WithCancel(asking)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	code, err := by.consent(waiting, request)
	if asking.Err() != nil && ctx.Err() == nil {
		by.printErr(describeConsent(request) + ": nobody waits for it any more\n")
		return
	}
	outcome := "authorized"
	telling, cancelTelling := context.WithTimeout(context.WithoutCancel(asking), answerTimeout)
	defer cancelTelling()
	if err != nil {
		reason := reasonOf(ctx, err)
		outcome, err = "rejected: "+reason, request.Reject(telling, reason)
	} else {
		err = request.Provide(telling, code)
	}
	switch {
	case errors.Is(err, roomclient.ErrNotFound):
		outcome = "nobody waits for it any more"
	case err != nil:
		outcome = by.describe(err)
	}
	by.printErr(describeConsent(request) + ": " + outcome + "\n")
	if err == nil && by.finish != nil {
		by.finish()
	}
}

// refusedError is a reason of ours not to authorize, for the one who asks.
type refusedError string

// Error implements error.
func (e refusedError) Error() string { return string(e) }

// reasonOf is what the one who asks gets to read.
func reasonOf(ctx context.Context, err error) string {
	if ctx.Err() != nil {
		return "cancelled"
	}
	if denied, ok := errors.AsType[*loopback.DeniedError](err); ok {
		return denied.Code
	}
	if refused, ok := errors.AsType[refusedError](err); ok {
		return string(refused)
	}
	return "the authorization cannot be received"
}

// consent lets the user consent and returns the code.
func (by *authorizer) consent(ctx context.Context, request roomclient.PendingOAuthRequest) (redact.Bytes, error) {
	endpoint := request.Client.AuthorizationEndpoint
	if len(by.endpoints) > 0 && !slices.ContainsFunc(by.endpoints, func(pattern string) bool { return answers.Matches(pattern, endpoint) }) {
		return nil, refusedError("the authorization endpoint is not one that is consented at")
	}
	if request.DelegateTo != "" && !slices.Contains(by.delegateTo, request.DelegateTo) {
		return nil, refusedError("the token is not for delegation to this identity")
	}
	state := loopback.NewState()
	page, err := request.AuthorizationURL(state)
	if err != nil {
		return nil, refusedError("the authorization endpoint is not an http or https URL")
	}
	receiver, err := loopback.Listen(ctx, request.RedirectURI)
	if err != nil && (!errors.Is(err, loopback.ErrElsewhere) || !isTerminal(by.In)) {
		by.warn(err.Error())
		return nil, refusedError("the redirect URI cannot be received here")
	}
	if receiver != nil {
		defer receiver.Close()
	}
	if err := by.show(ctx, request, page); err != nil {
		return nil, err
	}
	if receiver == nil {
		return by.paste(ctx, state)
	}
	defer by.spin("Waiting for the answer of the provider")()
	return receiver.Code(ctx, state)
}

// show shows what is asked for, and the page.
func (by *authorizer) show(ctx context.Context, request roomclient.PendingOAuthRequest, page string) error {
	by.printErr(describeConsent(request) + "\n")
	if scopes := request.Client.Scopes; len(scopes) > 0 {
		by.printErr("  scopes: " + strings.Join(scopes, " ") + "\n")
	}
	if err := by.printOut("open: " + page + "\n"); err != nil || !by.open {
		return err
	}
	if err := openBrowser(ctx, by.Getenv, page); err != nil {
		by.warn("the browser does not open: " + err.Error())
	}
	return nil
}

// paste asks for the address that the browser ends up at.
func (by *authorizer) paste(ctx context.Context, state string) (redact.Bytes, error) {
	line, err := by.askLine(ctx, "Address that the browser ends up at (Enter alone rejects): ")
	if err != nil {
		return nil, err
	}
	if line = strings.TrimSpace(line); line == "" {
		return nil, refusedError("declined")
	}
	address, err := url.Parse(line)
	if err != nil {
		return nil, refusedError("declined")
	}
	return loopback.CodeOf(address.Query(), state)
}

func describeConsent(r roomclient.PendingOAuthRequest) string {
	host := r.Client.AuthorizationEndpoint
	if u, err := url.Parse(host); err == nil {
		host = u.Host
	}
	text := fmt.Sprintf("Request%s for a token of client %s at %s", from(r.Asker), oneLine(r.Client.ID), oneLine(host))
	if r.DelegateTo != "" {
		text += ", to be delegated to " + oneLine(r.DelegateTo)
	}
	return text
}
