// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// AnnotationAllowAdoption on a Secret, with the name of a RoomSecret of its namespace, allows that RoomSecret to take the
// Secret over. It is asked for once: a Secret that has been taken over stays so.
const AnnotationAllowAdoption = "roomsecrets.io/allow-adoption"

// AnnotationContentPrefix with the UID of a RoomSecret is the annotation of a pod template that has a keyed digest of what
// the RoomSecret has put into its target (spec.pull.restart).
const AnnotationContentPrefix = "roomsecrets.io/content-"

// CreationPolicy says how the target of a pull is owned.
// +kubebuilder:validation:Enum=Owner;Merge;Orphan
type CreationPolicy string

const (
	// CreationOwner creates the Secret, owned by the RoomSecret: it is deleted with it.
	CreationOwner CreationPolicy = "Owner"
	// CreationMerge adds keys to a Secret that somebody else created.
	CreationMerge CreationPolicy = "Merge"
	// CreationOrphan creates the Secret and leaves it when the RoomSecret is deleted.
	CreationOrphan CreationPolicy = "Orphan"
)

// OnMissing says what to do with a key whose room secret does not exist.
// +kubebuilder:validation:Enum=Fail;Keep;Remove
type OnMissing string

const (
	// OnMissingFail keeps what is there and is not Ready. A target that does not exist yet is not created.
	OnMissingFail OnMissing = "Fail"
	// OnMissingKeep keeps what is there and is content.
	OnMissingKeep OnMissing = "Keep"
	// OnMissingRemove removes the key from the target.
	OnMissingRemove OnMissing = "Remove"
)

// SecretType is a type of Secret that a pull can create.
// +kubebuilder:validation:Enum=Opaque;kubernetes.io/tls;kubernetes.io/dockerconfigjson;kubernetes.io/basic-auth;kubernetes.io/ssh-auth
type SecretType string

// SecretTypeOpaque is the type of Secrets of which Kubernetes requires nothing.
const SecretTypeOpaque SecretType = "Opaque"

// Decode says how a value is decoded.
// +kubebuilder:validation:Enum=None;Base64;Base64URL
type Decode string

const (
	// DecodeNone leaves the value as it is.
	DecodeNone Decode = "None"
	// DecodeBase64 decodes standard base64.
	DecodeBase64 Decode = "Base64"
	// DecodeBase64URL decodes base64 in its form for URLs.
	DecodeBase64URL Decode = "Base64URL"
)

// Extract says how one value becomes several keys.
// +kubebuilder:validation:Enum=None;JSON;Dotenv
type Extract string

const (
	// ExtractNone leaves the value whole, under the key of the entry.
	ExtractNone Extract = "None"
	// ExtractJSON makes a key of each member of a JSON object.
	ExtractJSON Extract = "JSON"
	// ExtractDotenv makes a key of each line NAME=value.
	ExtractDotenv Extract = "Dotenv"
)

// MergePolicy says what becomes of the values that a template is made of.
// +kubebuilder:validation:Enum=Merge;Replace
type MergePolicy string

const (
	// MergePolicyMerge writes them too; a key that the template makes wins.
	MergePolicyMerge MergePolicy = "Merge"
	// MergePolicyReplace writes only what the template makes.
	MergePolicyReplace MergePolicy = "Replace"
)

// Pull puts values of the room into a Kubernetes Secret.
// +kubebuilder:validation:XValidation:rule="has(self.entries) || has(self.find)",message="at least one of entries and find must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.deletionPolicy) || (has(self.target) && has(self.target.creationPolicy) && self.target.creationPolicy == 'Merge')",message="spec.pull.deletionPolicy goes with target.creationPolicy Merge only: an Owner target goes with its owner, an Orphan target stays"
// +kubebuilder:validation:XValidation:rule="(has(self.target) && has(self.target.creationPolicy) && self.target.creationPolicy == 'Merge') == (has(oldSelf.target) && has(oldSelf.target.creationPolicy) && oldSelf.target.creationPolicy == 'Merge')",message="spec.pull.target.creationPolicy cannot change to or from Merge: create another RoomSecret"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.type) || self.target.type != 'kubernetes.io/tls' || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && (has(self.find) || (has(self.entries) && self.entries.exists(e, has(e.extract) && e.extract != 'None')))) || ['tls.crt','tls.key'].all(k, (has(self.template) && k in self.template.data) || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && has(self.entries) && self.entries.exists(e, e.key == k)))",message="a Secret of type kubernetes.io/tls needs tls.crt and tls.key: add entries or templates for them"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.type) || self.target.type != 'kubernetes.io/dockerconfigjson' || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && (has(self.find) || (has(self.entries) && self.entries.exists(e, has(e.extract) && e.extract != 'None')))) || ['.dockerconfigjson'].all(k, (has(self.template) && k in self.template.data) || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && has(self.entries) && self.entries.exists(e, e.key == k)))",message="a Secret of type kubernetes.io/dockerconfigjson needs .dockerconfigjson: add entries or templates for them"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.type) || self.target.type != 'kubernetes.io/basic-auth' || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && (has(self.find) || (has(self.entries) && self.entries.exists(e, has(e.extract) && e.extract != 'None')))) || ['username','password'].exists(k, (has(self.template) && k in self.template.data) || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && has(self.entries) && self.entries.exists(e, e.key == k)))",message="a Secret of type kubernetes.io/basic-auth needs username or password: add entries or templates for them"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.type) || self.target.type != 'kubernetes.io/ssh-auth' || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && (has(self.find) || (has(self.entries) && self.entries.exists(e, has(e.extract) && e.extract != 'None')))) || ['ssh-privatekey'].all(k, (has(self.template) && k in self.template.data) || (!(has(self.template) && has(self.template.mergePolicy) && self.template.mergePolicy == 'Replace') && has(self.entries) && self.entries.exists(e, e.key == k)))",message="a Secret of type kubernetes.io/ssh-auth needs ssh-privatekey: add entries or templates for them"
// +kubebuilder:validation:XValidation:rule="!has(self.template) || !has(self.entries) || self.entries.all(e, !has(e.request) || !has(e.request.deletionPolicy) || e.request.deletionPolicy != 'Delete' || (!(e.key in self.template.data) && (!has(self.template.mergePolicy) || self.template.mergePolicy != 'Replace')))",message="a request with deletionPolicy Delete goes with its key in the target: the template must not take the place of it"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.type) || !has(self.target.creationPolicy) || self.target.creationPolicy != 'Merge'",message="spec.pull.target.type is decided by who creates the Secret: leave it out with creationPolicy Merge"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.adopt) || !self.target.adopt || !has(self.target.creationPolicy) || self.target.creationPolicy != 'Merge'",message="spec.pull.target.adopt is for Secrets that become ours: leave it out with creationPolicy Merge"
// +kubebuilder:validation:XValidation:rule="!has(self.target) || !has(self.target.immutable) || !self.target.immutable || !has(self.target.creationPolicy) || self.target.creationPolicy != 'Merge'",message="spec.pull.target.immutable would keep others from changing their keys: leave it out with creationPolicy Merge"
type Pull struct {
	// target is the Secret to write.
	// +optional
	Target PullTarget `json:"target,omitempty,omitzero"`
	// entries are the keys of the target and where their values come from.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	// +listType=map
	// +listMapKey=key
	// +optional
	Entries []PullEntry `json:"entries,omitempty"`
	// find takes every room secret of the operator's own identity that it describes and that the room allows to read; new ones
	// join by themselves. When it finds nothing any more, the annotation roomsecrets.io/confirm-prune must say that this is
	// meant. A key that an entry or another find also gives is a conflict.
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +listType=atomic
	// +optional
	Find []PullFind `json:"find,omitempty"`
	// template makes more keys of the values that entries and find give.
	// +optional
	Template *PullTemplate `json:"template,omitempty"`
	// deletionPolicy says what happens to our keys in a target with creationPolicy Merge when their entry or the
	// RoomSecret is deleted: Delete (the default) or Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
	// restart names workloads whose pods are to be replaced when the keys of ours in the target have changed, for programs
	// that read a Secret only when they start. Their pod template gets an annotation roomsecrets.io/content-<uid> with a
	// keyed digest of these keys; how the pods are replaced is what the workload's update strategy says. It needs an
	// operator that runs with --enable-restarts.
	// +kubebuilder:validation:MaxItems=16
	// +listType=map
	// +listMapKey=kind
	// +listMapKey=name
	// +optional
	Restart []Workload `json:"restart,omitempty"`
}

// WorkloadKind is a kind of workload that can be restarted.
// +kubebuilder:validation:Enum=Deployment;StatefulSet;DaemonSet
type WorkloadKind string

const (
	// KindDeployment is a Deployment.
	KindDeployment WorkloadKind = "Deployment"
	// KindStatefulSet is a StatefulSet.
	KindStatefulSet WorkloadKind = "StatefulSet"
	// KindDaemonSet is a DaemonSet.
	KindDaemonSet WorkloadKind = "DaemonSet"
)

// Workload names a workload in the namespace of the RoomSecret. One that does not exist is no error: when it is created,
// its pods read what is there then.
type Workload struct {
	// kind is Deployment, StatefulSet or DaemonSet.
	// +required
	Kind WorkloadKind `json:"kind"`
	// name of the workload.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be a valid name for a workload: lower-case letters, digits, '-' and '.', and each part between dots starts and ends with a letter or digit"
	// +required
	Name string `json:"name"`
}

// PullTarget is the Secret that a pull writes.
type PullTarget struct {
	// name of the Secret. The default is metadata.name.
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="must be a valid name for a Secret: lower-case letters, digits, '-' and '.', and each part between dots starts and ends with a letter or digit"
	// +optional
	Name string `json:"name,omitempty"`
	// type of the Secret: Opaque (the default), kubernetes.io/tls, kubernetes.io/dockerconfigjson, kubernetes.io/basic-auth
	// or kubernetes.io/ssh-auth. It needs the keys that Kubernetes requires of it.
	// +optional
	Type SecretType `json:"type,omitempty"`
	// labels to put on the Secret.
	// +kubebuilder:validation:MaxProperties=64
	// +optional
	Labels map[string]string `json:"labels,omitempty"`
	// annotations to put on the Secret. Those of roomsecrets.io are not among them: with them, who owns a Secret tells the
	// operator what it may do to it.
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(key, !key.startsWith('roomsecrets.io/'))",message="annotations of roomsecrets.io are for the owner of a Secret to set: take them out"
	// +optional
	Annotations map[string]string `json:"annotations,omitempty"`
	// creationPolicy says how the Secret is owned: Owner, Merge or Orphan.
	// +kubebuilder:default=Owner
	// +optional
	CreationPolicy CreationPolicy `json:"creationPolicy,omitempty"`
	// adopt takes over a Secret that exists and that we did not create, if its annotation roomsecrets.io/allow-adoption
	// names this RoomSecret. From then on it is treated as if we had created it: with creationPolicy Owner it is deleted
	// with the RoomSecret. Keys that no entry asks for are left alone.
	// +optional
	Adopt bool `json:"adopt,omitempty"`
	// immutable makes the Secret immutable once all of its keys are known, so that nobody changes what pods have read.
	// Kubernetes never lets it be undone: when a value or this member changes, somebody must delete the Secret, and it is
	// created again.
	// +optional
	Immutable bool `json:"immutable,omitempty"`
}

// PullMatch chooses a room secret by what it is.
type PullMatch struct {
	// type of the room secret.
	// +required
	Type MIMEType `json:"type"`
	// name of the room secret.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +required
	Name string `json:"name"`
}

// PullFind chooses room secrets of the operator's own identity that are not delegated.
// +kubebuilder:validation:XValidation:rule="has(self.idPrefix) || has(self.type)",message="at least one of idPrefix and type must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.stripPrefix) || !self.stripPrefix || has(self.idPrefix)",message="stripPrefix needs idPrefix"
type PullFind struct {
	// idPrefix is what their ids begin with.
	// +optional
	IDPrefix SecretID `json:"idPrefix,omitempty"`
	// type is their MIME type.
	// +optional
	Type MIMEType `json:"type,omitempty"`
	// stripPrefix leaves idPrefix out of the keys, which are otherwise the ids.
	// +optional
	StripPrefix bool `json:"stripPrefix,omitempty"`
	// maxEntries is how many there may be, 100 if it is not set. When there are more nothing of them changes.
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=256
	// +optional
	MaxEntries int32 `json:"maxEntries,omitempty"`
}

// PullTemplate makes keys of the values that were pulled.
type PullTemplate struct {
	// data has a template for each key that is made: a Go template whose data are the values by key, after decode, extract and
	// find. A key that is not there is an error. The templates are filled in once every value is known.
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 253 && k.matches('^[-._a-zA-Z0-9]+$') && k != '.' && !k.startsWith('..'))",message="must have valid keys of a Secret: letters, digits, '-', '_' and '.', but neither '.' alone nor '..' at the start"
	// +required
	Data map[string]Template `json:"data"`
	// mergePolicy says what becomes of the values themselves: Merge (the default) writes them too, Replace does not.
	// +optional
	MergePolicy MergePolicy `json:"mergePolicy,omitempty"`
}

// PullEntry fills one key of the target, or several with extract.
// +kubebuilder:validation:XValidation:rule="[has(self.id), has(self.match), has(self.request), has(self.oauth)].exists_one(x, x)",message="exactly one of id, match, request and oauth must be set"
// +kubebuilder:validation:XValidation:rule="has(self.id) || has(self.match) || !(has(self.forIdentity) || has(self.delegatedTo) || has(self.onMissing))",message="forIdentity, delegatedTo and onMissing go with id and match only"
// +kubebuilder:validation:XValidation:rule="!has(self.oauth) || !(has(self.decode) || has(self.extract))",message="decode and extract do not go with oauth: a token is written as it is"
type PullEntry struct {
	// key in the target. With extract it is only the name of the entry.
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[-._a-zA-Z0-9]+$') && self != '.' && !self.startsWith('..')",message="must be a valid key of a Secret: letters, digits, '-', '_' and '.', but neither '.' alone nor '..' at the start"
	// +required
	Key string `json:"key"`
	// id of the room secret.
	// +optional
	ID SecretID `json:"id,omitempty"`
	// match chooses the room secret by its type and name, when its id is not known. Two that match are a conflict.
	// +optional
	Match *PullMatch `json:"match,omitempty"`
	// request asks another participant for the value. It is asked for once: what was answered is kept until the entry asks for
	// something else, the target loses it, or the annotation roomsecrets.io/requestedAt asks for a new answer. What only a
	// template uses is not in the target: after a restart the room is asked for it, which gives what it has kept.
	// +optional
	Request *PullRequest `json:"request,omitempty"`
	// oauth gets an OAuth access token, which somebody approves once.
	// +optional
	OAuth *PullOAuth `json:"oauth,omitempty"`
	// forIdentity is the owner of the room secret. The default is the operator's own identity. It needs a room whose
	// credential is an API key.
	// +optional
	ForIdentity Identity `json:"forIdentity,omitempty"`
	// delegatedTo chooses the row that is delegated to this identity.
	// +optional
	DelegatedTo Identity `json:"delegatedTo,omitempty"`
	// decode says how the value is decoded before it is written: None (the default), Base64 or Base64URL. Padding may be
	// there or not.
	// +optional
	Decode Decode `json:"decode,omitempty"`
	// extract makes several keys of the value, after decode: None (the default), JSON, which makes a key of each member of an
	// object (strings as they are, null not at all, and anything else as JSON), or Dotenv, which makes one of each line NAME=value.
	// +optional
	Extract Extract `json:"extract,omitempty"`
	// onMissing says what to do when the room has no such secret: Fail (the default), Keep or Remove.
	// +optional
	OnMissing OnMissing `json:"onMissing,omitempty"`
}
