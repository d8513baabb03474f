// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package options turns the command line of the manager into one validated struct.
package options

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"

	"go.uber.org/zap/zapcore"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/validation"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/flowcontrol"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/roomsecrets/roomsecret-operator/internal/consent"
	"github.com/roomsecrets/roomsecret-operator/internal/hosts"
	"github.com/roomsecrets/roomsecret-operator/internal/shard"
)

// DefaultNamespace is where the operator keeps its lease and key when nothing says otherwise.
const DefaultNamespace = "roomsecret-system"

// namespaceVariable is the environment variable that a Deployment sets to the namespace of the pod.
const namespaceVariable = "POD_NAMESPACE"

// maxVerbosity is how talkative the log may be: from 8 on, the client of the API server logs what it sends and receives.
const maxVerbosity = 7

// Options are the settings of the manager.
type Options struct {
	// MetricsBindAddress is where metrics are served; "0" turns them off.
	MetricsBindAddress string
	// MetricsSecure serves metrics over TLS, to clients that the API server authenticates and authorizes.
	MetricsSecure bool
	// HealthProbeBindAddress is where /healthz and /readyz are served; "0" turns them off.
	HealthProbeBindAddress string
	// LeaderElect makes sure that only one replica works at a time.
	LeaderElect bool
	// Namespace is where the lease of the leader and the key of the operator are.
	Namespace string
	// WatchNamespaces are the namespaces whose objects are worked on; empty means all.
	WatchNamespaces []string
	// WatchLabelSelector selects what is worked on by its labels; nil means everything.
	WatchLabelSelector labels.Selector
	// ClusterRooms says whether ClusterRooms are worked with.
	ClusterRooms bool
	// AllowedHosts are the hosts that rooms may be at; empty means all.
	AllowedHosts hosts.List
	// EnableRestarts says whether pulls may restart workloads.
	EnableRestarts bool
	// MaxConcurrentReconciles is how many RoomSecrets are worked on at the same time, and how many rooms of each kind.
	MaxConcurrentReconciles int
	// KubeAPIQPS and KubeAPIBurst limit the requests to the API server.
	KubeAPIQPS   float64
	KubeAPIBurst int
	// OTLPEndpoint is where traces go, an http or https URL; empty means nowhere.
	OTLPEndpoint string
	// ConsentAddress is where the consent page is served; empty means nowhere. ConsentURL is where people find it.
	ConsentAddress, ConsentURL string
	// ConsentOIDC is the OpenID provider with which people sign in to the consent page; without an issuer there is none.
	ConsentOIDC consent.OIDC
	// Zap are the settings of the log.
	Zap zap.Options
}

// AddFlags adds the flags, with their defaults, to a flag set.
func (o *Options) AddFlags(flags *flag.FlagSet) {
	flags.StringVar(&o.MetricsBindAddress, "metrics-bind-address", ":8443", "Address to serve metrics on; 0 turns them off.")
	flags.BoolVar(&o.MetricsSecure, "metrics-secure", true, "Serve metrics over TLS, and only to clients that may get /metrics.")
	flags.StringVar(&o.HealthProbeBindAddress, "health-probe-bind-address", ":8081", "Address to serve /healthz and /readyz on; 0 turns them off.")
	flags.BoolVar(&o.LeaderElect, "leader-elect", true, "Make sure that only one replica works at a time.")
	flags.StringVar(&o.Namespace, "namespace", cmp.Or(os.Getenv(namespaceVariable), DefaultNamespace),
		"Namespace of the leader's lease and of the operator's key. The default is "+namespaceVariable+" from the environment, or "+DefaultNamespace+".")
	flags.Func("watch-namespaces", "Namespaces to work in, separated by commas. The default is all of them.", func(value string) error {
		o.WatchNamespaces = strings.Split(value, ",")
		return nil
	})
	flags.Func("watch-label-selector", "Label selector of the Rooms, ClusterRooms and RoomSecrets to work on, such as shard=a; the others are left to other operators (docs/scaling.md). The default is all of them.", func(value string) (err error) {
		o.WatchLabelSelector, err = parseSelector(value)
		return err
	})
	flags.BoolVar(&o.ClusterRooms, "cluster-rooms", true, "Work with ClusterRooms, which takes cluster-wide rights to them and to namespaces.")
	flags.Func("allowed-hosts", "Hosts that rooms may be at, separated by commas: HOST, or *.HOST for every host below it, and :PORT behind it for this port only. The default is all of them.", func(value string) (err error) {
		o.AllowedHosts, err = hosts.Parse(value)
		return err
	})
	flags.BoolVar(&o.EnableRestarts, "enable-restarts", false, "Let RoomSecrets restart the workloads that read their Secret, which takes the right to patch them.")
	flags.IntVar(&o.MaxConcurrentReconciles, "max-concurrent-reconciles", 10, "How many RoomSecrets to work on at the same time, and how many rooms of each kind.")
	flags.Float64Var(&o.KubeAPIQPS, "kube-api-qps", 50, "How many requests a second to make to the API server, besides watches and the lease.")
	flags.IntVar(&o.KubeAPIBurst, "kube-api-burst", 100, "How many requests to the API server may come at once.")
	flags.StringVar(&o.OTLPEndpoint, "otlp-endpoint", cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT")),
		"URL of an OpenTelemetry collector (OTLP over gRPC) to send traces to. The default is OTEL_EXPORTER_OTLP_ENDPOINT from the environment; without it there are none.")
	flags.StringVar(&o.ConsentAddress, "consent-address", "", "Address to serve the page on which people approve OAuth tokens (spec.provide.oauth), over plain HTTP, such as :8090. Without it there is no page.")
	flags.StringVar(&o.ConsentURL, "consent-url", "", "URL of that page for people, such as https://consent.example.com: https, or http on localhost. OAuth clients must allow its path /callback as a redirect URI.")
	flags.StringVar(&o.ConsentOIDC.Issuer, "consent-oidc-issuer", "", "Issuer of the OpenID provider with which people sign in to that page. Without it, only those who have the link of a request can decide it.")
	flags.StringVar(&o.ConsentOIDC.ClientID, "consent-oidc-client-id", "", "What that page is to the OpenID provider, which must allow its path /signed-in as a redirect URI.")
	flags.StringVar(&o.ConsentOIDC.ClientSecretFile, "consent-oidc-client-secret-file", "", "File with the secret of that client. A public client has none.")
	o.Zap.StacktraceLevel = zapcore.DPanicLevel // where a failure came from is in its message; a trace would bury it
	o.Zap.BindFlags(flags)
}

// parseSelector reads a label selector. One that selects everything is refused: whoever sets it wants a part.
func parseSelector(text string) (labels.Selector, error) {
	selector, err := labels.Parse(text)
	if err == nil && selector.Empty() {
		err = errors.New("must select something, such as shard=a; leave it out to work on everything")
	}
	return selector, err
}

// Shard returns what is worked on.
func (o *Options) Shard() shard.Shard {
	return shard.Shard{Namespaces: o.WatchNamespaces, Selector: o.WatchLabelSelector}
}

// Limit makes everything that reaches the API server with a configuration, and with copies of it, keep the limits together. Without
// it each of the clients of a manager would keep them by itself, and there is one for each kind of object.
func (o *Options) Limit(config *rest.Config) {
	config.QPS, config.Burst = float32(o.KubeAPIQPS), o.KubeAPIBurst
	config.RateLimiter = flowcontrol.NewTokenBucketRateLimiter(config.QPS, config.Burst)
}

// Validate returns everything that is wrong with the options.
func (o *Options) Validate() error {
	var errs []error
	if problems := validation.IsDNS1123Label(o.Namespace); len(problems) > 0 {
		errs = append(errs, fmt.Errorf("--namespace %q: %s", o.Namespace, problems[0]))
	}
	for _, namespace := range o.WatchNamespaces {
		if problems := validation.IsDNS1123Label(namespace); len(problems) > 0 {
			errs = append(errs, fmt.Errorf("--watch-namespaces %q: %s", namespace, problems[0]))
		}
	}
	if level := o.Zap.Level; level != nil && level.Enabled(-maxVerbosity-1) {
		errs = append(errs, fmt.Errorf("--zap-log-level: must be at most %d: beyond it the bodies of requests are logged, and the values of Secrets are among them", maxVerbosity))
	}
	if err := validEndpoint(o.OTLPEndpoint); err != nil {
		errs = append(errs, err)
	}
	errs = append(errs, o.validConsent())
	for name, value := range map[string]float64{
		"--max-concurrent-reconciles": float64(o.MaxConcurrentReconciles),
		"--kube-api-qps":              o.KubeAPIQPS,
		"--kube-api-burst":            float64(o.KubeAPIBurst),
	} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("%s %v: must be more than 0", name, value))
		}
	}
	return errors.Join(errs...)
}

func validEndpoint(endpoint string) error {
	parsed, err := url.Parse(endpoint)
	if endpoint != "" && (err != nil || parsed.Host == "" || (parsed.Scheme != "http" && parsed.Scheme != "https")) {
		return errors.New("--otlp-endpoint: must be a URL such as http://collector:4317")
	}
	return nil
}

// validConsent returns what is wrong with the options of the consent page.
func (o *Options) validConsent() error {
	if o.ConsentAddress == "" && o.ConsentURL == "" && o.ConsentOIDC == (consent.OIDC{}) {
		return nil
	}
	var errs []error
	if o.ConsentAddress == "" || o.ConsentURL == "" {
		errs = append(errs, errors.New("--consent-address and --consent-url: the consent page needs both"))
	}
	if _, _, err := net.SplitHostPort(o.ConsentAddress); o.ConsentAddress != "" && err != nil {
		errs = append(errs, fmt.Errorf("--consent-address %q: must be a host, which may be empty, and a port, such as :8090", o.ConsentAddress))
	}
	if o.ConsentURL != "" {
		if err := consent.CheckURL(o.ConsentURL); err != nil {
			errs = append(errs, fmt.Errorf("--consent-url %w", err))
		}
	}
	return errors.Join(append(errs, o.validSignIn())...)
}

// validSignIn returns what is wrong with the OpenID provider of the consent page.
func (o *Options) validSignIn() error {
	if o.ConsentOIDC == (consent.OIDC{}) {
		return nil
	}
	if o.ConsentOIDC.Issuer == "" || o.ConsentOIDC.ClientID == "" {
		return errors.New("--consent-oidc-issuer and --consent-oidc-client-id: signing in needs both")
	}
	if err := consent.CheckURL(o.ConsentOIDC.Issuer); err != nil {
		return fmt.Errorf("--consent-oidc-issuer %w", err)
	}
	return nil
}
