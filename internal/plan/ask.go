// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// bearer comes before a token in an Authorization header.
const bearer = "Bearer "

// Ask is what somebody was asked for to get a value. The zero value is for values of which nobody was asked.
type Ask struct {
	// Digest stands for all of it: what gives another digest has to be asked for anew.
	Digest string
	// URL is what was asked for, of a token the authorization endpoint, and Type what kind of secret; it is empty for a token.
	URL, Type string
	// DelegatedTo is who may use it in the room; empty for the operator itself.
	DelegatedTo string
	// Delete says that the room is to forget the answer when it is not asked for any more.
	Delete bool
}

// Reply is how it stands with what a source asks for. Exactly one of its members is set.
type Reply struct {
	// Held are the keys that the target has of an earlier answer, as they are there.
	Held map[string][]byte
	// Value is a new answer.
	Value []byte
	// Unknown says why there is neither.
	Unknown *Problem
}

// askFor makes a source of an entry that asks for a secret.
func (s PullSource) askFor(request roomv1alpha1.PullRequest, own string) PullSource {
	s.Row = Row{Identity: own, ID: request.URL, DelegatedTo: string(request.DelegateTo)}
	kind := request.TypeOrDefault()
	s.Ask = Ask{
		Digest: digestOf("secret", request.URL, kind, s.Row.DelegatedTo, cmp.Or(s.Decode, roomv1alpha1.DecodeNone), cmp.Or(s.Extract, roomv1alpha1.ExtractNone)),
		URL:    request.URL, Type: kind, DelegatedTo: s.Row.DelegatedTo,
		Delete: request.DeletionPolicyOrDefault() == roomv1alpha1.DeletionDelete,
	}
	return s
}

// askForToken makes a source of an entry that asks for a token. Who is asked, and where they come back to, does not make it
// another token.
func (s PullSource) askForToken(oauth roomv1alpha1.PullOAuth, own string) PullSource {
	connector := roomv1alpha1.OAuthConnector{}
	if oauth.Connector != nil {
		connector = *oauth.Connector
	}
	s.Row = Row{
		Identity: own, DelegatedTo: string(oauth.DelegateTo),
		ID: cmp.Or(string(oauth.AuthorizationEndpoint), connector.ServerURL, connector.OpenAIConnectorID, string(connector.ClientSecretID)),
	}
	if oauth.FormatOrDefault() == roomv1alpha1.TokenHeader {
		s.Prefix = bearer
	}
	s.Ask = Ask{
		Digest: digestOf("token", oauth.ClientID, oauth.AuthorizationEndpoint, oauth.TokenEndpoint, oauth.Scopes,
			cmp.Or(oauth.PKCE, roomv1alpha1.PKCES256), connector, oauth.DelegateTo, oauth.DelegatedBy, s.Prefix),
		URL: s.Row.ID, DelegatedTo: s.Row.DelegatedTo,
	}
	return s
}

// digestOf returns a digest of what is asked for, none of which is secret.
func digestOf(parts ...any) string {
	sum := sha256.New()
	for _, part := range parts {
		text, err := json.Marshal(part)
		if err != nil {
			text = fmt.Append(nil, err) // cannot be: they are texts and lists of texts
		}
		_, _ = fmt.Fprintf(sum, "%d:%s", len(text), text) // never fails, by its contract
	}
	return hex.EncodeToString(sum.Sum(nil)[:16])
}

// Asks reports whether somebody is asked for the value of the source.
func (s PullSource) Asks() bool { return s.Ask != Ask{} }

// HeldAnswer returns the keys that a source gave, sorted, when the target has each of them as the ledger says and the source
// asks for the same as then: nobody has to be asked again. Otherwise it returns none.
func (in PullInput) HeldAnswer(source PullSource) []string {
	var held []string
	for key, record := range in.Ledger {
		if cmp.Or(record.Source, key) != source.Name {
			continue
		}
		if record.Asked.Digest != source.Ask.Digest || record.Digest == "" || in.Target.Keys[key] != record.Digest {
			return nil
		}
		held = append(held, key)
	}
	slices.Sort(held)
	return held
}

// Obstacle says why an answer could not be written to the target, whatever it is; nil when it could. Nobody is asked for what
// has no place.
func (in PullInput) Obstacle(source PullSource) *Problem {
	in.Size, in.adopting = 0, in.strange()
	if problem := in.targetProblem(); problem != nil {
		return problem
	}
	if _, exists := in.Target.Keys[source.Name]; exists && !source.many() && !in.ours(source.Name) {
		return foreignKey(source.Name)
	}
	return in.immutableProblem(in.Target.Exists)
}

// Forsaken returns the answers that the room is to forget, by the keys of the ledger that have them: no source asks for them
// any more.
func Forsaken(ledger map[string]Record, sources []PullSource) map[string]Ask {
	forsaken := map[string]Ask{}
	for key, record := range ledger {
		if record.Asked.Delete {
			forsaken[key] = record.Asked
		}
	}
	for _, source := range sources {
		maps.DeleteFunc(forsaken, func(_ string, asked Ask) bool { return asked.sameAnswer(source.Ask) })
	}
	return forsaken
}

// sameAnswer reports whether the room keeps one answer for both.
func (a Ask) sameAnswer(b Ask) bool {
	return a.URL == b.URL && a.Type == b.Type && a.DelegatedTo == b.DelegatedTo
}

// gatherAnswer adds the keys of a source that asks.
func (in GatherInput) gatherAnswer(source PullSource, out *Gathered) {
	answer, asked := in.Replies[source.Name]
	switch {
	case !in.Access.Allows(source.Row, roomv1alpha1.OperationRequest):
		in.keep(source, source.Row, &Observed{Unknown: deniedRequest(source.Row)}, out)
	case !asked:
		in.keep(source, source.Row, &Observed{Unknown: notRead()}, out)
	case answer.Unknown != nil:
		in.keep(source, source.Row, &Observed{Unknown: answer.Unknown}, out)
	case answer.Held != nil:
		for _, key := range slices.Sorted(maps.Keys(answer.Held)) {
			out.add(source, key, source.Row, &Observed{Exists: true}, answer.Held[key])
		}
	default:
		in.takeApart(source, source.Row, answer.Value, out)
	}
}

func deniedRequest(row Row) *Problem {
	return &Problem{Reason: roomv1alpha1.ReasonAccessDenied, Message: "No access rule of the room allows to ask for this: add a rule with its url as id and the operation Request" + delegateHint(row) + "."}
}
