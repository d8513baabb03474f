// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package target

import (
	"github.com/spf13/pflag"
	"k8s.io/cli-runtime/pkg/genericclioptions"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/roomsecrets/roomsecret-operator/internal/roomctl/usage"
)

// Options are the flags that say which room is meant, as whom.
type Options struct {
	Room        string
	ClusterRoom string

	URL        string
	Token      string
	TokenFile  string
	APIKeyFile string

	AsIdentity string
	ProjectID  string

	// Kube are the flags of a kubectl command, without --token: here that is the token of the room.
	Kube *genericclioptions.ConfigFlags
	// Getenv reads the environment.
	Getenv func(string) string

	flags *pflag.FlagSet
}

// NewOptions returns options without any flag set.
func NewOptions(getenv func(string) string) *Options {
	kube := genericclioptions.NewConfigFlags(true)
	kube.BearerToken = nil
	return &Options{Kube: kube, Getenv: getenv}
}

// AddKubeFlags adds the flags that say how the API server is reached. Those that are rarely needed work without being
// shown in the help, as with kubectl.
func (o *Options) AddKubeFlags(flags *pflag.FlagSet) {
	o.Kube.AddFlags(flags)
	flags.VisitAll(func(flag *pflag.Flag) {
		switch flag.Name {
		case "namespace":
			flag.Usage = "namespace of the objects; the default is that of the kubeconfig's context"
		case "kubeconfig":
			flag.Usage = "kubeconfig file to use"
		case "context":
			flag.Usage = "context of the kubeconfig to use"
		case "request-timeout":
			flag.Usage = "how long a request to the API server may take, such as 10s; 0: for ever"
		default:
			flag.Hidden = true
		}
	})
}

// CheckKubeFlags finds mistakes in their values.
func (o *Options) CheckKubeFlags() error {
	if _, err := clientcmd.ParseTimeout(*o.Kube.Timeout); err != nil {
		return usage.Errorf("--request-timeout %q is not a time such as 10s, nor 0", *o.Kube.Timeout)
	}
	return nil
}

// AddRoomFlags adds the flags that say which room is meant.
func (o *Options) AddRoomFlags(flags *pflag.FlagSet) {
	flags.StringVar(&o.Room, "room", "", "the room: a Room object, or with an address or a credential the name of a room there (env MESHAGENT_ROOM)")
	flags.StringVar(&o.ClusterRoom, "cluster-room", "", "the room, as a ClusterRoom object")
	flags.StringVar(&o.URL, "room-url", "", addressUsage)
	flags.StringVar(&o.Token, "token", "", "participant token; others can see it on the command line, --token-file hides it (env MESHAGENT_TOKEN)")
	flags.StringVar(&o.TokenFile, "token-file", "", "file that holds the participant token")
	flags.StringVar(&o.APIKeyFile, "api-key-file", "", "file that holds a project API key, ma-..., which signs tokens (env MESHAGENT_API_KEY holds the key itself)")
	flags.StringVar(&o.AsIdentity, "as-identity", "", "identity to act as; needs an API key")
	flags.StringVar(&o.ProjectID, "project-id", "", "project that the credential must belong to")
}

const (
	addressUsage = "address of the room service, or of a room: ws, wss, http or https (env MESHAGENT_ROOM_URL)"
	// isAddress marks a flag --url that is the address of the room: some commands have another one of that name.
	isAddress = "roomctl_address"
)

// AddURLFlag adds --url, which is the same as --room-url, to a command that has no other use for the name.
func (o *Options) AddURLFlag(flags *pflag.FlagSet) {
	flags.StringVar(&o.URL, "url", "", "the same as --room-url")
	flags.Lookup("url").Annotations = map[string][]string{isAddress: nil}
}

// given returns the first of the flags of a kind that was given, as the caller wrote it, or "".
func (o *Options) given(kind func(*pflag.Flag) bool) string {
	first := ""
	o.flags.Visit(func(flag *pflag.Flag) {
		if first == "" && kind(flag) {
			first = "--" + flag.Name
		}
	})
	return first
}

// isDirect tells the flags that speak of a room at an address.
func isDirect(flag *pflag.Flag) bool {
	switch flag.Name {
	case "token", "token-file", "api-key-file":
		return true
	}
	return isURL(flag)
}

// isURL tells the flags that are the address.
func isURL(flag *pflag.Flag) bool {
	_, marked := flag.Annotations[isAddress]
	return marked || flag.Name == "room-url"
}

// isKube tells the flags that speak of an object in a cluster.
func (o *Options) isKube(flag *pflag.Flag) bool {
	switch flag.Name {
	case "cluster-room":
		return true
	case "cache-dir", "request-timeout", "disable-compression":
		return false // they say nothing about which object
	}
	var kube pflag.FlagSet
	genericclioptions.NewConfigFlags(false).AddFlags(&kube)
	return flag.Name != "token" && kube.Lookup(flag.Name) != nil
}

// exclusive fails when more than one of the flags was given.
func (o *Options) exclusive(names ...string) error {
	first := ""
	for _, name := range names {
		if flag := o.flags.Lookup(name); flag == nil || !flag.Changed {
			continue
		}
		if first != "" {
			return usage.Errorf("--%s and --%s exclude each other", first, name)
		}
		first = name
	}
	return nil
}
