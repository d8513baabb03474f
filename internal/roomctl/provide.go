// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/answers"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// provider answers requests for secrets.
type provider struct {
	*app
	rules       answers.Rules
	interactive bool // what no rule is for is asked at the terminal
	unmatched   string
	finish      func() // after the first answer; nil: go on

	mu sync.Mutex // one question at a time
}

func (a *app) newProvideCommand() *cobra.Command {
	var o provideOptions
	command := &cobra.Command{
		Use:   "provide [--url PATTERN (--in FILE | --text TEXT | --base64 DATA) | --from-file FILE]",
		Short: "Answer the requests of other participants for secrets",
		Long: "Answer the requests of other participants for secrets, until interrupted. Standard output has the participant id that\n" +
			"others name in order to ask.\n\n" +
			"What is provided is said by flags or by a file of answers:\n\n" +
			"  answers:\n" +
			"  - url: secret://stripe/*          # a literal, or a prefix and *\n" +
			"    type: text/plain                # without it: any type\n" +
			"    file: stripe.key                # or value: ..., or env: NAME\n" +
			"    delegateTo: [billing-agent]     # without it: only for the one who asks\n\n" +
			"Without either, each request is shown at the terminal, which asks for the value. Everything else is rejected.",
		Example: "  kubectl room secret provide --room support --url 'secret://stripe/*' --type text/plain --in stripe.key\n" +
			"  kubectl room secret provide --room support --from-file answers.yaml\n" +
			"  kubectl room secret provide --room support",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := o.check(command, a); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			p := &provider{app: a, unmatched: o.unmatched, interactive: o.url == "" && o.file == ""}
			if p.rules, err = o.rules(command.Context(), a); err != nil {
				return err
			}
			ctx, finish := context.WithCancel(command.Context())
			defer finish()
			if o.once {
				p.finish = finish
			}
			return a.attend(ctx, choice, "requests for secrets", &p.mu, func(config *roomclient.Config) {
				config.OnSecretRequest = func(asking context.Context, request roomclient.PendingSecretRequest) {
					p.answer(ctx, asking, request)
				}
			})
		},
	}
	o.addFlags(command)
	return command
}

// answer answers one request. ctx is that of the command, asking that of the request.
func (p *provider) answer(ctx, asking context.Context, request roomclient.PendingSecretRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if asking.Err() != nil {
		return // it waited too long for its turn
	}
	value, reason, err := p.decide(ctx, request)
	subject := describeRequest(request)
	if err != nil {
		p.warn(subject + ": " + p.describe(err))
		reason = "the secret cannot be read"
	}
	if reason != "" && err == nil && p.unmatched == unmatchedIgnore && !p.interactive {
		p.printErr(subject + ": ignored\n")
		return
	}
	telling, cancel := context.WithTimeout(context.WithoutCancel(asking), answerTimeout)
	defer cancel()
	outcome := fmt.Sprintf("provided %d bytes", len(value))
	if reason != "" {
		outcome, err = "rejected: "+reason, request.Reject(telling, reason)
	} else {
		err = request.Provide(telling, value)
	}
	switch {
	case errors.Is(err, roomclient.ErrNotFound):
		outcome = "nobody waits for it any more"
	case err != nil:
		outcome = p.describe(err)
	}
	p.printErr(subject + ": " + outcome + "\n")
	if err == nil && p.finish != nil {
		p.finish()
	}
}

// decide returns the value, or the reason why there is none.
func (p *provider) decide(ctx context.Context, request roomclient.PendingSecretRequest) (value redact.Bytes, reason string, err error) {
	if p.interactive {
		return p.ask(ctx, request)
	}
	rule, reason, found := p.rules.Find(request.SecretRequest)
	if !found {
		return nil, reason, nil
	}
	value, err = rule.Value()
	if value == nil {
		value = redact.Bytes{}
	}
	return value, "", err
}

// ask asks at the terminal.
func (p *provider) ask(ctx context.Context, request roomclient.PendingSecretRequest) (value redact.Bytes, reason string, err error) {
	p.printErr(describeRequest(request) + "\n")
	value, err = p.askHidden(ctx, "Value (not shown; Enter alone rejects): ")
	switch {
	case errors.Is(err, context.Canceled):
		return nil, "cancelled", nil
	case err == nil && len(value) == 0:
		return nil, "declined", nil
	}
	return value, "", err
}

func describeRequest(r roomclient.PendingSecretRequest) string {
	text := fmt.Sprintf("Request%s for %s (%s)", from(r.Asker), oneLine(r.URL), oneLine(r.Type))
	if r.DelegateTo != "" {
		text += ", to be delegated to " + oneLine(r.DelegateTo)
	}
	return text
}

// from names who asks, when the service says who that is.
func from(asker roomclient.Participant) string {
	if asker.Name == "" {
		return ""
	}
	return " from " + oneLine(asker.Name)
}

// oneLine quotes a text of somebody else's that could pretend to be more than one line.
func oneLine(text string) string {
	if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
		return strconv.Quote(text)
	}
	return text
}
