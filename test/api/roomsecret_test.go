// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	idForm       = "must consist of letters, digits, '.', '_', '/' and '-'"
	typeForm     = "must consist of printable ASCII characters without spaces, such as text/plain"
	identityForm = "must not contain spaces or '>'"
	atLeastOne   = "at least 1 chars long"
)

func TestARoomSecretHasOneDirectionAndARoom(t *testing.T) {
	t.Parallel()
	const one = "exactly one of spec.push, spec.pull and spec.provide must be set"
	const onePush = "push: {secretRef: {name: source}, allKeys: {}}"
	checkRefused(t, map[string]refusal{
		"no direction":          {roomSecret(support), []string{"spec", one}},
		"both directions":       {roomSecret(support, onePush, "pull: {"+onePull+"}"), []string{"spec", one}},
		"no room":               {roomSecret(onePush), []string{"spec.roomRef: Required value"}},
		"a room without a name": {roomSecret(onePush, "roomRef: {kind: Room}"), []string{"spec.roomRef.name: Required value"}},
		"an empty name":         {roomSecret(onePush, "roomRef: {name: ''}"), []string{"spec.roomRef.name", atLeastOne}},
		"too long a name":       {roomSecret(onePush, "roomRef: {name: "+long(254)+"}"), []string{"spec.roomRef.name", "253"}},
		"an unknown kind":       {roomSecret(onePush, "roomRef: {kind: Chamber, name: a}"), []string{"spec.roomRef.kind", `supported values: "Room", "ClusterRoom"`}},
		"a room elsewhere":      {roomSecret(onePush, "roomRef: {namespace: b, name: a}"), []string{`unknown field "spec.roomRef.namespace"`}},
		"no spec":               {withoutSpec("RoomSecret"), []string{"spec: Required value"}},
	})
}

func TestSourcesOfAPullThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	const one = "exactly one of id, match, request and oauth must be set"
	const keys = "must have valid keys of a Secret"
	checkRefused(t, map[string]refusal{
		"nothing to pull":                {pull("target: {name: a}"), []string{"spec.pull", "at least one of entries and find must be set"}},
		"neither id nor match":           {pull("entries: [{key: A}]"), []string{"spec.pull.entries[0]", one}},
		"both id and match":              {pull("entries: [{key: A, id: a, match: {type: t, name: b}}]"), []string{"spec.pull.entries[0]", one}},
		"a match without a type":         {pull("entries: [{key: A, match: {name: b}}]"), []string{"spec.pull.entries[0].match.type: Required value"}},
		"a match without a name":         {pull("entries: [{key: A, match: {type: t}}]"), []string{"spec.pull.entries[0].match.name: Required value"}},
		"a match by a type with a space": {pull("entries: [{key: A, match: {type: 'a b', name: c}}]"), []string{"spec.pull.entries[0].match.type", typeForm}},
		"a find with a space":            {pull("find: [{idPrefix: 'a b'}]"), []string{"spec.pull.find[0].idPrefix", idForm}},
		"a find by a type with a space":  {pull("find: [{type: 'a b'}]"), []string{"spec.pull.find[0].type", typeForm}},
		"an unknown extract":             {pull("entries: [{key: A, id: a, extract: XML}]"), []string{"spec.pull.entries[0].extract", `supported values: "None", "JSON", "Dotenv"`}},
		"a find of everything":           {pull("find: [{}]"), []string{"spec.pull.find[0]", "at least one of idPrefix and type must be set"}},
		"a find that strips nothing":     {pull("find: [{type: t, stripPrefix: true}]"), []string{"spec.pull.find[0]", "stripPrefix needs idPrefix"}},
		"an empty list of finds":         {pull("find: []"), []string{"spec.pull.find", "at least 1 items"}},
		"too many finds":                 {pull("find: " + list(17, "{idPrefix: p%d}")), []string{"spec.pull.find", "16"}},
		"a find of less than none":       {pull("find: [{type: t, maxEntries: -1}]"), []string{"spec.pull.find[0].maxEntries", "greater than or equal to 1"}},
		"a find of too many":             {pull("find: [{type: t, maxEntries: 257}]"), []string{"spec.pull.find[0].maxEntries", "256"}},
		"a template of nothing":          {pull(onePull, "template: {data: {}}"), []string{"spec.pull.template.data", "at least 1 properties"}},
		"a template without data":        {pull(onePull, "template: {}"), []string{"spec.pull.template.data: Required value"}},
		"a template of an invalid key":   {pull(onePull, "template: {data: {'a b': x}}"), []string{"spec.pull.template.data", keys}},
		"a template of a key like dots":  {pull(onePull, "template: {data: {'..a': x}}"), []string{"spec.pull.template.data", keys}},
		"an unknown merge policy":        {pull(onePull, "template: {data: {A: x}, mergePolicy: Maybe}"), []string{"spec.pull.template.mergePolicy", `supported values: "Merge", "Replace"`}},
		"a tls target, keys replaced":    {pull("entries: [{key: tls.crt, id: a}, {key: tls.key, id: b}]", "template: {data: {A: x}, mergePolicy: Replace}", "target: {type: kubernetes.io/tls}"), []string{"spec.pull", "needs tls.crt and tls.key"}},
		"a tls target, find replaced":    {pull("find: [{idPrefix: a}]", "template: {data: {tls.crt: x}, mergePolicy: Replace}", "target: {type: kubernetes.io/tls}"), []string{"spec.pull", "needs tls.crt and tls.key"}},
		"a registry, extract replaced":   {pull("entries: [{key: a, id: a, extract: JSON}]", "template: {data: {A: x}, mergePolicy: Replace}", "target: {type: kubernetes.io/dockerconfigjson}"), []string{"spec.pull", "needs .dockerconfigjson: add entries or templates"}},
		"basic auth, extract replaced":   {pull("entries: [{key: a, id: a, extract: JSON}]", "template: {data: {A: x}, mergePolicy: Replace}", "target: {type: kubernetes.io/basic-auth}"), []string{"spec.pull", "needs username or password"}},
		"ssh, find replaced":             {pull("find: [{idPrefix: a}]", "template: {data: {A: x}, mergePolicy: Replace}", "target: {type: kubernetes.io/ssh-auth}"), []string{"spec.pull", "needs ssh-privatekey"}},
	})
}

func TestAPushThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	const all = "allKeys: {}"
	const same = "two entries have the same id and forIdentity"
	checkRefused(t, map[string]refusal{
		"nothing to push":              {push(), []string{"spec.push", "at least one of entries and allKeys must be set"}},
		"no source":                    {roomSecret(support, "push: {allKeys: {}}"), []string{"spec.push.secretRef: Required value"}},
		"a source without a name":      {roomSecret(support, "push: {secretRef: {}, allKeys: {}}"), []string{"spec.push.secretRef.name: Required value"}},
		"a source with empty name":     {roomSecret(support, "push: {secretRef: {name: ''}, allKeys: {}}"), []string{"spec.push.secretRef.name", atLeastOne}},
		"a source with long a name":    {roomSecret(support, "push: {allKeys: {}, secretRef: {name: "+long(254)+"}}"), []string{"spec.push.secretRef.name", "253"}},
		"a source elsewhere":           {roomSecret(support, "push: {allKeys: {}, secretRef: {name: a, namespace: b}}"), []string{`unknown field "spec.push.secretRef.namespace"`}},
		"an empty list of entries":     {push("entries: []"), []string{"spec.push.entries", "at least 1 items"}},
		"too many entries":             {push("entries: " + list(65, "{name: e%d, key: k}")), []string{"spec.push.entries", "64"}},
		"two entries with one name":    {push("entries: [{name: a, key: k}, {name: a, key: l, id: b}]"), []string{"spec.push.entries[1]: Duplicate value"}},
		"two entries with one id":      {push("entries: [{name: a, key: k, id: c}, {name: b, key: l, id: c}]"), []string{"spec.push.entries", same}},
		"an id that is a name":         {push("entries: [{name: a, key: k}, {name: b, key: l, id: a}]"), []string{"spec.push.entries", same}},
		"an id twice for one agent":    {push("entries: [{name: a, key: k, id: c, forIdentity: x}, {name: b, key: l, id: c, forIdentity: x}]"), []string{"spec.push.entries", same}},
		"neither key nor template":     {push("entries: [{name: a}]"), []string{"spec.push.entries[0]", "exactly one of key and template must be set"}},
		"both key and template":        {push("entries: [{name: a, key: k, template: x}]"), []string{"spec.push.entries[0]", "exactly one of key and template must be set"}},
		"an empty template":            {push("entries: [{name: a, template: ''}]"), []string{"spec.push.entries[0].template", atLeastOne}},
		"too long a template":          {push("entries: [{name: a, template: " + long(4097) + "}]"), []string{"spec.push.entries[0].template", "4096"}},
		"an unknown conflictPolicy":    {push(all, "conflictPolicy: Panic"), []string{"spec.push.conflictPolicy", `supported values: "Fail", "Adopt", "Skip"`}},
		"an unknown type of target":    {pull(onePull, "target: {type: helm.sh/release.v1}"), []string{"spec.pull.target.type", `"kubernetes.io/tls"`}},
		"a tls target without its key": {pull("entries: [{key: tls.crt, id: a}]", "target: {type: kubernetes.io/tls}"), []string{"spec.pull", "needs tls.crt and tls.key"}},
		"a type for a Merge target":    {pull("entries: [{key: username, id: a}]", "target: {type: kubernetes.io/basic-auth, creationPolicy: Merge}"), []string{"spec.pull", "leave it out with creationPolicy Merge"}},
		"an unknown decode":            {pull("entries: [{key: A, id: a, decode: Hex}]"), []string{"spec.pull.entries[0].decode", `supported values: "None", "Base64", "Base64URL"`}},
		"an unknown onSourceDeleted":   {push(all, "onSourceDeleted: Panic"), []string{"spec.push.onSourceDeleted", `supported values: "Keep", "Delete"`}},
		"an unknown driftPolicy":       {push(all, "driftPolicy: Panic"), []string{"spec.push.driftPolicy", `supported values: "Correct", "Report", "Ignore"`}},
		"an unknown deletionPolicy":    {push(all, "deletionPolicy: Panic"), []string{"spec.push.deletionPolicy", `supported values: "Retain", "Delete"`}},
		"an id prefix with a space":    {push("allKeys: {idPrefix: 'a b'}"), []string{"spec.push.allKeys.idPrefix", idForm}},
		"an id prefix that is long":    {push("allKeys: {idPrefix: " + long(65) + "}"), []string{"spec.push.allKeys.idPrefix", "64"}},
		"a type of all with a space":   {push("allKeys: {type: 'a b'}"), []string{"spec.push.allKeys.type", typeForm}},
		"an unknown member":            {push(all, "interval: 1m"), []string{`unknown field "spec.push.interval"`}},
	})
}

func TestAPushEntryThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	const good = "name: a, key: k"
	at := func(member string) string { return "spec.push.entries[0]." + member }
	checkRefused(t, map[string]refusal{
		"no name":                {pushEntry("key: k"), []string{at("name: Required value")}},
		"an empty name":          {pushEntry("name: '', key: k"), []string{at("name"), atLeastOne}},
		"a bad name":             {pushEntry("name: 'a b', key: k"), []string{at("name"), idForm}},
		"too long a name":        {pushEntry("key: k, name: " + long(129)), []string{at("name"), "128"}},
		"no key and no template": {pushEntry("name: a"), []string{"exactly one of key and template must be set"}},
		"an empty key":           {pushEntry("name: a, key: ''"), []string{at("key"), atLeastOne}},
		"too long a key":         {pushEntry("name: a, key: " + long(254)), []string{at("key"), "253"}},
		"an empty id":            {pushEntry(good, "id: ''"), []string{at("id"), atLeastOne}},
		"a bad id":               {pushEntry(good, "id: 'a:b'"), []string{at("id"), idForm}},
		"an id with an '@'":      {pushEntry(good, "id: 'a@b'"), []string{at("id"), idForm}},
		"an id in umlauts":       {pushEntry(good, "id: schlüssel"), []string{at("id"), idForm}},
		"too long an id":         {pushEntry(good, "id: "+long(129)), []string{at("id"), "128"}},

		"an empty display name":    {pushEntry(good, "displayName: ''"), []string{at("displayName"), atLeastOne}},
		"too long a display name":  {pushEntry(good, "displayName: "+long(257)), []string{at("displayName"), "256"}},
		"an empty type":            {pushEntry(good, "type: ''"), []string{at("type"), atLeastOne}},
		"a type with a space":      {pushEntry(good, "type: 'text/plain; charset=utf-8'"), []string{at("type"), typeForm}},
		"too long a type":          {pushEntry(good, "type: "+long(128)), []string{at("type"), "127"}},
		"an empty identity":        {pushEntry(good, "forIdentity: ''"), []string{at("forIdentity"), atLeastOne}},
		"an identity with a space": {pushEntry(good, "forIdentity: 'a b'"), []string{at("forIdentity"), identityForm}},
		"an identity with a '>'":   {pushEntry(good, "forIdentity: 'a>b'"), []string{at("forIdentity"), identityForm}},
		"too long an identity":     {pushEntry(good, "forIdentity: "+long(129)), []string{at("forIdentity"), "128"}},

		"an empty list of delegations":  {pushEntry(good, "delegations: []"), []string{at("delegations"), "at least 1 items"}},
		"too many delegations":          {pushEntry(good, "delegations: "+list(17, "{to: a%d}")), []string{at("delegations"), "16"}},
		"a delegate twice":              {pushEntry(good, "delegations: [{to: a}, {to: a}]"), []string{at("delegations[1]: Duplicate value")}},
		"a delegation to nobody":        {pushEntry(good, "delegations: [{}]"), []string{at("delegations[0].to: Required value")}},
		"a delegate with a space":       {pushEntry(good, "delegations: [{to: 'a b'}]"), []string{at("delegations[0].to"), identityForm}},
		"delegatedOnly and no delegate": {pushEntry(good, "delegatedOnly: true"), []string{"spec.push.entries[0]", "delegatedOnly needs delegations"}},
		"an unknown member":             {pushEntry(good, "mimeType: text/plain"), []string{`unknown field "spec.push.entries[0].mimeType"`}},
	})
}

func TestAPullThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	const targetName = "must be a valid name for a Secret"
	const secretKey = "must be a valid key of a Secret"
	const merge = "spec.pull.deletionPolicy goes with target.creationPolicy Merge only"
	target := func(members string) *unstructured.Unstructured { return pull(onePull, "target: {"+members+"}") }
	entry := func(members string) *unstructured.Unstructured { return pull("entries: [{" + members + "}]") }
	at := func(member string) string { return "spec.pull.entries[0]." + member }
	checkRefused(t, map[string]refusal{
		"no entries":               {pull("target: {name: a}"), []string{"at least one of entries and find must be set"}},
		"an empty list of entries": {pull("entries: []"), []string{"spec.pull.entries", "at least 1 items"}},
		"too many entries":         {pull("entries: " + list(257, "{key: k%d, id: a}")), []string{"spec.pull.entries", "256"}},
		"a key twice":              {pull("entries: [{key: a, id: a}, {key: a, id: b}]"), []string{"spec.pull.entries[1]: Duplicate value"}},
		"no key":                   {entry("id: a"), []string{at("key: Required value")}},
		"an empty key":             {entry("id: a, key: ''"), []string{at("key"), atLeastOne}},
		"a key with a slash":       {entry("id: a, key: a/b"), []string{at("key"), secretKey}},
		"a key that is a dot":      {entry("id: a, key: ."), []string{at("key"), secretKey}},
		"a key that leads upwards": {entry("id: a, key: ..a"), []string{at("key"), secretKey}},
		"too long a key":           {entry("id: a, key: " + long(254)), []string{at("key"), "253"}},
		"no id":                    {entry("key: a"), []string{"exactly one of id, match, request and oauth must be set"}},
		"a bad id":                 {entry("key: a, id: 'a b'"), []string{at("id"), idForm}},
		"too long an id":           {entry("key: a, id: " + long(129)), []string{at("id"), "128"}},
		"a bad identity":           {entry("key: a, id: a, forIdentity: 'a b'"), []string{at("forIdentity"), identityForm}},
		"a bad delegate":           {entry("key: a, id: a, delegatedTo: 'a>b'"), []string{at("delegatedTo"), identityForm}},
		"an unknown onMissing":     {entry("key: a, id: a, onMissing: Panic"), []string{at("onMissing"), `supported values: "Fail", "Keep", "Remove"`}},
		"an unknown member":        {entry("key: a, id: a, type: text/plain"), []string{`unknown field "spec.pull.entries[0].type"`}},

		"a target in capitals":                {target("name: App"), []string{"spec.pull.target.name", targetName}},
		"a target with an empty part":         {target("name: a..b"), []string{"spec.pull.target.name", targetName}},
		"a target with a dash before the dot": {target("name: a-.b"), []string{"spec.pull.target.name", targetName}},
		"a target without a name":             {target("name: ''"), []string{"spec.pull.target.name", targetName}},
		"a target with too long a name":       {target("name: " + long(254)), []string{"spec.pull.target.name", "253"}},
		"a target elsewhere":                  {target("namespace: b"), []string{`unknown field "spec.pull.target.namespace"`}},
		"an unknown creationPolicy":           {target("creationPolicy: Panic"), []string{"spec.pull.target.creationPolicy", `supported values: "Owner", "Merge", "Orphan"`}},
		"too many labels":                     {target("labels: {" + members(65) + "}"), []string{"spec.pull.target.labels", "64"}},
		"too many annotations":                {target("annotations: {" + members(65) + "}"), []string{"spec.pull.target.annotations", "64"}},

		"adopt with Merge":          {target("creationPolicy: Merge, adopt: true"), []string{"spec.pull", "spec.pull.target.adopt is for Secrets that become ours"}},
		"too many workloads":        {pull(onePull, "restart: "+list(17, "{kind: Deployment, name: a%d}")), []string{"spec.pull.restart", "16"}},
		"a workload twice":          {pull(onePull, "restart: [{kind: DaemonSet, name: a}, {kind: DaemonSet, name: a}]"), []string{"spec.pull.restart[1]: Duplicate value"}},
		"a workload that is none":   {pull(onePull, "restart: [{kind: Job, name: a}]"), []string{"spec.pull.restart[0].kind", `supported values: "Deployment", "StatefulSet", "DaemonSet"`}},
		"a workload without a kind": {pull(onePull, "restart: [{name: a}]"), []string{"spec.pull.restart[0].kind: Required value"}},
		"a workload without a name": {pull(onePull, "restart: [{kind: Deployment}]"), []string{"spec.pull.restart[0].name: Required value"}},
		"a workload in capitals":    {pull(onePull, "restart: [{kind: Deployment, name: App}]"), []string{"spec.pull.restart[0].name", "must be a valid name for a workload"}},
		"a workload elsewhere":      {pull(onePull, "restart: [{kind: Deployment, name: a, namespace: b}]"), []string{`unknown field "spec.pull.restart[0].namespace"`}},
		"immutable with Merge":      {target("creationPolicy: Merge, immutable: true"), []string{"spec.pull", "spec.pull.target.immutable would keep others from changing their keys"}},
		"an annotation that gives rights": {
			target("creationPolicy: Merge, annotations: {roomsecrets.io/allow-adoption: another}"), []string{"spec.pull.target.annotations", "annotations of roomsecrets.io are for the owner of a Secret to set"},
		},

		"an unknown deletionPolicy": {
			pull(onePull, "target: {creationPolicy: Merge}, deletionPolicy: Panic"), []string{"spec.pull.deletionPolicy", `supported values: "Retain", "Delete"`},
		},
		"a deletionPolicy for an owned target":          {pull(onePull, "deletionPolicy: Delete"), []string{"spec.pull", merge}},
		"a deletionPolicy for an owned target, in full": {pull(onePull, "target: {creationPolicy: Owner}, deletionPolicy: Retain"), []string{"spec.pull", merge}},
		"a deletionPolicy for an orphan":                {pull(onePull, "target: {creationPolicy: Orphan}, deletionPolicy: Retain"), []string{"spec.pull", merge}},
	})
}

// members returns n members of a YAML mapping of texts.
func members(n int) string {
	text := list(n, "k%d: v")
	return text[1 : len(text)-1]
}

func TestRequestsOfAPullThatMakeNoSenseAreRefused(t *testing.T) {
	t.Parallel()
	const (
		one     = "exactly one of id, match, request and oauth must be set"
		who     = "exactly one of id and name must be set"
		url     = "must consist of printable ASCII characters without spaces"
		period  = "must be between 1s and 1h"
		address = "must be an https URL without user and fragment (or http on localhost)"
		client  = "clientID, authorizationEndpoint and tokenEndpoint must be set, or connector"
		rows    = "forIdentity, delegatedTo and onMissing go with id and match only"
		bob     = "from: {name: bob}"
		app     = "clientID: app, authorizationEndpoint: 'https://id.example.com/a', tokenEndpoint: 'https://id.example.com/t'"
	)
	request := func(members string, more ...string) *unstructured.Unstructured {
		return pull("entries: [{" + strings.Join(append([]string{"key: A", "request: {" + members + "}"}, more...), ", ") + "}]")
	}
	oauth := func(members string, more ...string) *unstructured.Unstructured {
		return pull("entries: [{" + strings.Join(append([]string{"key: A", "oauth: {" + members + "}"}, more...), ", ") + "}]")
	}
	at := func(member string) string { return "spec.pull.entries[0]." + member }
	checkRefused(t, map[string]refusal{
		"both id and request":               {request("url: a, "+bob, "id: a"), []string{one}},
		"both request and oauth":            {request("url: a, "+bob, "oauth: {"+app+", "+bob+"}"), []string{one}},
		"a request of nothing":              {request(bob), []string{at("request.url: Required value")}},
		"a request of an empty url":         {request("url: '', " + bob), []string{at("request.url"), atLeastOne}},
		"a request with a space":            {request("url: 'a b', " + bob), []string{at("request.url"), url}},
		"a request with an umlaut":          {request("url: ä, " + bob), []string{at("request.url"), url}},
		"a request of a long url":           {request(bob + ", url: " + long(513)), []string{at("request.url"), "512"}},
		"a request of a type of two":        {request("url: a, type: 'a b', " + bob), []string{at("request.type"), typeForm}},
		"a request to nobody":               {request("url: a"), []string{at("request.from: Required value")}},
		"a request to no participant":       {request("url: a, from: {}"), []string{at("request.from"), who}},
		"a request to two":                  {request("url: a, from: {id: x, name: bob}"), []string{at("request.from"), who}},
		"a request to two words":            {request("url: a, from: {name: 'a b'}"), []string{at("request.from.name"), identityForm}},
		"a request to an empty id":          {request("url: a, from: {id: ''}"), []string{at("request.from.id"), atLeastOne}},
		"a request to a long id":            {request("url: a, from: {id: " + long(129) + "}"), []string{at("request.from.id"), "128"}},
		"a request delegated to 'a>b'":      {request("url: a, delegateTo: 'a>b', " + bob), []string{at("request.delegateTo"), identityForm}},
		"a request without time":            {request("url: a, timeout: 0.5s, " + bob), []string{at("request.timeout"), period}},
		"a request for too long":            {request("url: a, timeout: 61m, " + bob), []string{at("request.timeout"), period}},
		"a request deleted somehow":         {request("url: a, deletionPolicy: Panic, " + bob), []string{at("request.deletionPolicy"), `supported values: "Retain", "Delete"`}},
		"a request for another":             {request("url: a, "+bob, "forIdentity: x"), []string{"spec.pull.entries[0]", rows}},
		"a request of a delegated row":      {request("url: a, "+bob, "delegatedTo: x"), []string{"spec.pull.entries[0]", rows}},
		"a request that may be missing":     {request("url: a, "+bob, "onMissing: Keep"), []string{"spec.pull.entries[0]", rows}},
		"a token that may be missing":       {oauth(app+", "+bob, "onMissing: Keep"), []string{"spec.pull.entries[0]", rows}},
		"a token that is decoded":           {oauth(app+", "+bob, "decode: Base64"), []string{"spec.pull.entries[0]", "decode and extract do not go with oauth"}},
		"a token that is taken apart":       {oauth(app+", "+bob, "extract: JSON"), []string{"spec.pull.entries[0]", "decode and extract do not go with oauth"}},
		"a token from nobody":               {oauth(app), []string{at("oauth.from: Required value")}},
		"a token from two":                  {oauth(app + ", from: {id: x, name: bob}"), []string{at("oauth.from"), who}},
		"a token from two words":            {oauth(app + ", from: {name: 'a b'}"), []string{at("oauth.from.name"), identityForm}},
		"a token of no client":              {oauth(bob), []string{at("oauth"), client}},
		"a token of half a client":          {oauth("clientID: app, authorizationEndpoint: 'https://id.example.com/a', " + bob), []string{at("oauth"), client}},
		"a token of an empty connector":     {oauth("connector: {}, " + bob), []string{at("oauth.connector"), "at least 1 properties"}},
		"a connector's odd secret":          {oauth("connector: {clientSecretID: 'a b'}, " + bob), []string{at("oauth.connector.clientSecretID"), idForm}},
		"a page without TLS":                {oauth("clientID: app, authorizationEndpoint: 'http://id.example.com/a', tokenEndpoint: 'https://id.example.com/t', " + bob), []string{at("oauth.authorizationEndpoint"), address}},
		"a page that is a script":           {oauth("clientID: app, authorizationEndpoint: 'javascript:alert(1)', tokenEndpoint: 'https://id.example.com/t', " + bob), []string{at("oauth.authorizationEndpoint"), address}},
		"a token endpoint with a user":      {oauth("clientID: app, authorizationEndpoint: 'https://id.example.com/a', tokenEndpoint: 'https://u@id.example.com/t', " + bob), []string{at("oauth.tokenEndpoint"), address}},
		"a page of two hosts":               {oauth("clientID: app, authorizationEndpoint: 'https://good.example.com\\@bad.example.com/', tokenEndpoint: 'https://id.example.com/t', " + bob), []string{at("oauth.authorizationEndpoint"), address}},
		"a way back with a fragment":        {oauth(app + ", redirectURI: 'https://a.example.com/#b', " + bob), []string{at("oauth.redirectURI"), address}},
		"a way back that seems local":       {oauth(app + ", redirectURI: 'http://localhost.example.com/', " + bob), []string{at("oauth.redirectURI"), address}},
		"an empty list of scopes":           {oauth(app + ", scopes: [], " + bob), []string{at("oauth.scopes"), "at least 1 items"}},
		"too many scopes":                   {oauth(app + ", " + bob + ", scopes: " + list(65, "s%d")), []string{at("oauth.scopes"), "64"}},
		"an empty scope":                    {oauth(app + ", scopes: [''], " + bob), []string{at("oauth.scopes[0]"), atLeastOne}},
		"an unknown challenge":              {oauth(app + ", pkce: plain, " + bob), []string{at("oauth.pkce"), `supported values: "S256", "None"`}},
		"an unknown format":                 {oauth(app + ", format: Basic, " + bob), []string{at("oauth.format"), `supported values: "Token", "Header"`}},
		"a token delegated to 'a>b'":        {oauth(app + ", delegateTo: 'a>b', " + bob), []string{at("oauth.delegateTo"), identityForm}},
		"a token delegated by 'a>b'":        {oauth(app + ", delegatedBy: 'a>b', " + bob), []string{at("oauth.delegatedBy"), identityForm}},
		"a token without time":              {oauth(app + ", timeout: 0s, " + bob), []string{at("oauth.timeout"), period}},
		"a client secret without a key":     {oauth(app + ", clientSecretRef: {name: a}, " + bob), []string{at("oauth.clientSecretRef.key: Required value")}},
		"a client secret in the RoomSecret": {oauth(app + ", clientSecret: hush, " + bob), []string{`unknown field "spec.pull.entries[0].oauth.clientSecret"`}},
		"a deletion that a template would hide": {
			pull("entries: [{key: A, request: {url: a, deletionPolicy: Delete, "+bob+"}}]", "template: {data: {A: x}}"), []string{"spec.pull", "goes with its key in the target"},
		},
		"a deletion that a template replaces": {
			pull("entries: [{key: A, request: {url: a, deletionPolicy: Delete, "+bob+"}}]", "template: {mergePolicy: Replace, data: {B: x}}"), []string{"spec.pull", "goes with its key in the target"},
		},
	})
}
