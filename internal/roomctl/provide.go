// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/answers"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

const (
	unmatchedReject = "reject"
	unmatchedIgnore = "ignore"
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

type provideOptions struct {
	url, kind  string
	delegateTo []string
	from       source
	file       string
	unmatched  string
	once       bool
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
	flags := command.Flags()
	flags.StringVar(&o.url, "url", "", "what the value is provided for: a literal, or a prefix and *")
	flags.StringVar(&o.kind, "type", "", "type that the value is provided for; without it any")
	flags.StringSliceVar(&o.delegateTo, "delegate-to", nil, "identity that the value may be delegated to; may be repeated")
	o.from.addFlags(command)
	flags.StringVarP(&o.file, "from-file", "f", "", "file of answers")
	flags.StringVar(&o.unmatched, "unmatched", unmatchedReject, "what to do with requests that nothing is provided for: reject, or ignore, so that another connection of the same identity can answer")
	flags.BoolVar(&o.once, "once", false, "end after the first answer")
	return command
}

func (o *provideOptions) check(command *cobra.Command, a *app) error {
	if err := o.from.check(command, true); err != nil {
		return err
	}
	switch {
	case o.unmatched != unmatchedReject && o.unmatched != unmatchedIgnore:
		return usage.Errorf("--unmatched must be %s or %s", unmatchedReject, unmatchedIgnore)
	case o.file != "" && (o.url != "" || o.from.given != ""):
		return usage.Errorf("--from-file and --url exclude each other")
	case o.url == "" && o.from.given != "":
		return usage.Missing("--url")
	case o.url != "" && o.from.given == "":
		return usage.Errorf("Provide one of --in, --text, or --base64.")
	case o.url == "" && (o.kind != "" || len(o.delegateTo) > 0):
		return usage.Errorf("--type and --delegate-to need --url")
	case o.url == "" && o.file == "" && !isTerminal(a.In):
		return usage.Errorf("there is no terminal to ask at: give --url and a value, or --from-file")
	}
	return nil
}

func (o *provideOptions) rules(ctx context.Context, a *app) (answers.Rules, error) {
	switch {
	case o.file != "":
		return answers.Load(o.file, a.Getenv, readFile)
	case o.url == "":
		return nil, nil
	}
	value, err := o.from.value(ctx, a)
	if err != nil {
		return nil, err
	}
	return answers.Rules{{
		URL: o.url, Type: o.kind, DelegateTo: o.delegateTo,
		Value: func() (redact.Bytes, error) { return value, nil },
	}}, nil
}

// answer answers one request. ctx is that of the command, asking that of the request.
func (p *provider) answer(ctx, asking context.Context, request roomclient.PendingSecretRequest) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if asking.Err() != nil {
		return // it waited too long for its turn
	}
	value, reason, err := p.decide(ctx, request)
	subject := describeRequest(request.SecretRequest)
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
		outcome = p.app.describe(err)
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
	p.printErr(describeRequest(request.SecretRequest) + "\n")
	value, err = p.askHidden(ctx, "Value (not shown; Enter alone rejects): ")
	switch {
	case ctx.Err() != nil:
		return nil, "cancelled", nil
	case err != nil:
		return nil, "", err
	case len(value) == 0:
		return nil, "declined", nil
	}
	return value, "", nil
}

func describeRequest(r roomclient.SecretRequest) string {
	text := fmt.Sprintf("Request for %s (%s)", r.URL, r.Type)
	if r.DelegateTo != "" {
		text += ", to be delegated to " + r.DelegateTo
	}
	return text
}
