// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
	"github.com/roomsecrets/roomsecret-operator/roomclient/redact"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// maxCredential bounds what is read of a file, in bytes.
const maxCredential = 64 << 10

// credential fills in the credential that the flags give, or else the environment. Of the two that the environment may
// hold, a token for the room that is asked for comes first, as with the SDKs' command line: it needs nothing signed.
func (o *Options) credential(t *Target) error {
	switch {
	case o.Token != "":
		return t.useToken(o.Token, "--token")
	case o.TokenFile != "":
		text, err := read(o.TokenFile)
		if err != nil {
			return err
		}
		return t.useToken(text, o.TokenFile)
	case o.APIKeyFile != "":
		text, err := read(o.APIKeyFile)
		if err != nil {
			return err
		}
		return t.useAPIKey(firstKey(text), o.APIKeyFile, o.AsIdentity)
	}
	ready, key := o.Getenv(envToken), o.Getenv(envAPIKey)
	switch {
	case ready == "" && key == "":
		return usage.Errorf("there is no credential: give --token-file or --api-key-file, or set %s or %s", envToken, envAPIKey)
	case key == "", ready != "" && o.AsIdentity == "" && opens(ready, t.Room):
		return t.useToken(ready, envToken)
	default:
		return t.useAPIKey(key, envAPIKey, o.AsIdentity)
	}
}

// opens reports whether a token is for a room, as far as can be told; any room will do when none is asked for.
func opens(jwt, room string) bool {
	claims, err := token.Decode(jwt)
	return err == nil && (room == "" || claims.Room() == room)
}

// useToken makes the target be reached with a ready-made token.
func (t *Target) useToken(jwt, from string) error {
	claims, err := token.Decode(strings.TrimSpace(jwt))
	if err != nil {
		return usage.Errorf("%s is not a participant token", from)
	}
	t.Token, t.claims = redact.Bytes(strings.TrimSpace(jwt)), claims
	t.Identity, t.credentialFrom = claims.Name, from
	return nil
}

// useAPIKey makes the target be reached with tokens that are signed for an identity.
func (t *Target) useAPIKey(text, from, identity string) error {
	key, err := token.ParseAPIKey(text)
	if err != nil {
		return usage.Errorf("%s is not a project API key (ma-...)", from)
	}
	t.APIKey, t.credentialFrom = &key, from
	t.Identity = cmp.Or(identity, t.Identity, roomv1alpha1.DefaultParticipantName)
	return nil
}

// project returns the project of the credential, or "" when it does not say.
func (t *Target) project() string {
	if t.APIKey != nil {
		return t.APIKey.ProjectID.String()
	}
	return t.claims.ProjectID
}

// firstKey returns the first line that is neither empty nor a comment, as the room server reads such a file.
func firstKey(text string) string {
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return ""
}

func read(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("read the credential: %w", err)
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxCredential+1))
	if err != nil {
		return "", fmt.Errorf("read the credential: %w", err)
	}
	if len(content) > maxCredential {
		return "", errors.New("read the credential: " + path + " is too large to be one")
	}
	return string(content), nil
}
