// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/answers"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

const (
	unmatchedReject = "reject"
	unmatchedIgnore = "ignore"
)

// provideOptions say what is provided.
type provideOptions struct {
	url, kind  string
	delegateTo []string
	from       source
	file       string
	unmatched  string
	once       bool
}

func (o *provideOptions) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&o.url, "url", "", "what the value is provided for: a literal, or a prefix and *")
	flags.StringVar(&o.kind, "type", "", "type that the value is provided for; without it any")
	flags.StringSliceVar(&o.delegateTo, "delegate-to", nil, "identity that the value may be delegated to; may be repeated")
	o.from.addFlags(command)
	flags.StringVarP(&o.file, "from-file", "f", "", "file of answers")
	flags.StringVar(&o.unmatched, "unmatched", unmatchedReject, "what to do with requests that nothing is provided for: reject, or ignore, so that another connection of the same identity can answer")
	flags.BoolVar(&o.once, "once", false, "end after the first answer")
}

func (o *provideOptions) check(command *cobra.Command, a *app) error {
	if err := o.from.check(command, true); err != nil {
		return err
	}
	if o.url == "" && (o.from.given != "" || o.kind != "" || len(o.delegateTo) > 0) {
		return usage.Missing("--url")
	}
	switch {
	case o.unmatched != unmatchedReject && o.unmatched != unmatchedIgnore:
		return usage.Errorf("--unmatched must be %s or %s", unmatchedReject, unmatchedIgnore)
	case o.file != "" && o.url != "":
		return usage.Errorf("--from-file and --url exclude each other")
	case o.url != "" && o.from.given == "":
		return usage.Errorf("Provide one of --in, --text, or --base64.")
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
