// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomctl

import (
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
)

// defaultRedirectURI is where the authorize command can receive the code, on the machine of whoever consents.
const defaultRedirectURI = "http://127.0.0.1:7346/callback"

// clientFlags describe an OAuth client.
type clientFlags struct {
	id, secret, secretFile string
	authorization, token   string
	scopes                 string
	pkce, noPKCE           bool
}

func (c *clientFlags) addFlags(command *cobra.Command) {
	flags := command.Flags()
	flags.StringVar(&c.id, "client-id", "", "id of the OAuth client (required)")
	flags.StringVar(&c.secret, "client-secret", "", "secret of the OAuth client; others can see it on the command line")
	flags.StringVar(&c.secretFile, "client-secret-file", "", "file that holds the secret of the OAuth client")
	flags.StringVar(&c.authorization, "authorization-endpoint", "", "URL where the participant consents (required)")
	flags.StringVar(&c.token, "token-endpoint", "", "URL where the room gets the token (required)")
	flags.StringVar(&c.scopes, "scopes", "", "scopes to ask for, separated by commas")
	flags.BoolVar(&c.pkce, "pkce", true, "use PKCE")
	flags.BoolVar(&c.noPKCE, "no-pkce", false, "do not use PKCE, for providers that cannot; needs a client secret")
}

func (c *clientFlags) check(command *cobra.Command) error {
	for _, required := range []struct{ flag, value string }{
		{"--client-id", c.id},
		{"--authorization-endpoint", c.authorization},
		{"--token-endpoint", c.token},
	} {
		if required.value == "" {
			return usage.Missing(required.flag)
		}
	}
	flags := command.Flags()
	switch {
	case c.secret != "" && c.secretFile != "":
		return usage.Errorf("--client-secret and --client-secret-file exclude each other")
	case flags.Changed("pkce") && flags.Changed("no-pkce") && c.pkce == c.noPKCE:
		return usage.Errorf("--pkce and --no-pkce contradict each other")
	}
	if flags.Changed("pkce") {
		c.noPKCE = !c.pkce
	}
	if c.noPKCE && c.secret == "" && c.secretFile == "" {
		return usage.Missing("--client-secret")
	}
	return httpURL("--authorization-endpoint", c.authorization, httpURL("--token-endpoint", c.token, nil))
}

// httpURL returns err, or an error unless the value of a flag is an http or https URL.
func httpURL(flag, value string, err error) error {
	if err != nil {
		return err
	}
	u, err := url.Parse(value)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usage.Errorf("%s must be an http or https URL", flag)
	}
	return nil
}

// client returns the client, and reads its secret if that is in a file.
func (c *clientFlags) client(a *app) (roomclient.OAuthClient, error) {
	secret := redact.Bytes(c.secret)
	if c.secretFile != "" {
		value, err := readFile(c.secretFile)
		if err != nil {
			return roomclient.OAuthClient{}, err
		}
		secret = redact.Bytes(strings.TrimSpace(string(value)))
	}
	a.hide(secret)
	client := roomclient.OAuthClient{
		ID: c.id, Secret: secret, AuthorizationEndpoint: c.authorization, TokenEndpoint: c.token, NoPKCE: c.noPKCE,
	}
	for scope := range strings.SplitSeq(c.scopes, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			client.Scopes = append(client.Scopes, scope)
		}
	}
	return client, nil
}

func (a *app) newOAuthCommand() *cobra.Command {
	var request roomclient.OAuthRequest
	var client clientFlags
	var timeout int
	command := &cobra.Command{
		Use:   "oauth --from-participant-id ID --client-id ID --authorization-endpoint URL --token-endpoint URL",
		Short: "Ask another participant to consent to an OAuth token",
		Long: "Ask another participant to consent to an OAuth token, and print the access token. Without asking, when the\n" +
			"participant has consented before.\n\n" +
			"The other side needs something that shows the consent page, such as \"kubectl room secret authorize\", which receives\n" +
			"the code at the default redirect URI.",
		Example: "  kubectl room secret oauth --room support --from-participant-id 7d1e… --client-id my-app \\\n" +
			"    --client-secret-file secret.txt --authorization-endpoint https://accounts.example.com/authorize \\\n" +
			"    --token-endpoint https://accounts.example.com/token --scopes openid,email",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if request.ParticipantID == "" {
				return usage.Missing("--from-participant-id")
			}
			if err := client.check(command); err != nil {
				return err
			}
			var err error
			if request.Timeout, err = seconds(timeout); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			if request.Client, err = client.client(a); err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				if err := a.printOut("Requesting OAuth token from consumer side...\n"); err != nil {
					return err
				}
				stop := a.spin("Waiting for consent")
				token, err := secrets.RequestOAuthToken(command.Context(), request)
				stop()
				return a.printToken(token, err)
			})
		},
	}
	flags := command.Flags()
	flags.StringVar(&request.ParticipantID, "from-participant-id", "", "id of the participant to ask (required)")
	flags.StringVar(&request.RedirectURI, "redirect-uri", defaultRedirectURI, "where the provider sends the participant with the code")
	flags.StringVar(&request.DelegateTo, "delegate-to", "", "identity that may use the token afterwards")
	client.addFlags(command)
	addTimeout(command, &timeout)
	return command
}

// printToken prints what the original command line prints.
func (a *app) printToken(token redact.Bytes, err error) error {
	text := string(token)
	if isNoToken(err) {
		text, err = "None", nil
	}
	if err != nil {
		return err
	}
	if isTerminal(a.Out) && len(token) > 0 {
		a.warn("this shows a secret on the terminal")
	}
	return a.printOut("Got access token: " + text + "\n")
}

// isNoToken reports whether the room answered that there is no token. That there is no such participant is something else.
func isNoToken(err error) bool {
	failed, ok := errors.AsType[*roomclient.Error](err)
	return ok && errors.Is(err, roomclient.ErrNotFound) && failed.Code == 0
}

func (a *app) printOut(text string) error {
	_, err := io.WriteString(a.Out, text)
	return err
}

func (a *app) newOfflineTokenCommand() *cobra.Command {
	var query roomclient.OfflineTokenQuery
	var client clientFlags
	var to destination
	command := &cobra.Command{
		Use:   "offline-token --client-id ID --authorization-endpoint URL --token-endpoint URL",
		Short: "Get an OAuth token that was consented to before",
		Long: "Get an OAuth token that was consented to before, refreshed if need be, and write it to standard output or a file.\n" +
			"Nobody is asked; when there is none, the exit code is 1.",
		Example: "  kubectl room secret offline-token --room support --client-id my-app \\\n" +
			"    --authorization-endpoint https://accounts.example.com/authorize --token-endpoint https://accounts.example.com/token",
		Args: noArguments,
		RunE: func(command *cobra.Command, _ []string) error {
			if err := client.check(command); err != nil {
				return err
			}
			if err := to.check(command); err != nil {
				return err
			}
			choice, err := a.choose(command)
			if err != nil {
				return err
			}
			if query.Client, err = client.client(a); err != nil {
				return err
			}
			return a.inRoom(command.Context(), choice, func(secrets roomclient.Secrets) error {
				token, err := secrets.GetOfflineOAuthToken(command.Context(), query)
				if isNoToken(err) {
					return plainError("No token found")
				}
				if err != nil {
					return err
				}
				a.printErr(fmt.Sprintf("Got access token bytes=%d\n", len(token)))
				return a.deliver(token, to)
			})
		},
	}
	flags := command.Flags()
	client.addFlags(command)
	flags.StringVar(&query.DelegatedTo, "delegated-to", "", "identity that the token belongs to now")
	flags.StringVar(&query.DelegatedBy, "delegated-by", "", "identity that consented")
	to.addFlags(command)
	return command
}
