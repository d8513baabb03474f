// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package hosts says to which hosts the operator may connect, wherever somebody says that a room is.
package hosts

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"
)

// List has the hosts that are allowed. The zero value allows all.
type List []pattern

// pattern is a host, or with below every host below it; on one port, or, when that is empty, on any.
type pattern struct {
	host, port string
	below      bool
}

// Parse reads a list, separated by commas: HOST, or *.HOST for every host below it, and :PORT behind it for this port only.
// HOST is a name or an address; one of IPv6 is in brackets. The error quotes what is wrong.
func Parse(text string) (List, error) {
	var list List
	for item := range strings.SplitSeq(text, ",") {
		parsed, err := parse(strings.TrimSpace(item))
		if err != nil {
			return nil, fmt.Errorf("%q is no host: %w", item, err)
		}
		list = append(list, parsed)
	}
	return list, nil
}

func parse(item string) (pattern, error) {
	address, err := url.Parse("//" + item)
	if err != nil || address.Host != item {
		return pattern{}, errors.New("give HOST, *.HOST, HOST:PORT or *.HOST:PORT, without a scheme and a path")
	}
	host, below := strings.CutPrefix(normal(address.Hostname()), "*.")
	p := pattern{host: host, port: address.Port(), below: below}
	if _, err := netip.ParseAddr(host); err == nil && !below {
		return p, nil
	}
	if problems := validation.IsDNS1123Subdomain(host); len(problems) > 0 {
		return pattern{}, errors.New(problems[0])
	}
	return p, nil
}

// Allows reports whether an endpoint, a ws, wss, http or https URL, may be connected to.
func (l List) Allows(endpoint string) bool {
	if len(l) == 0 {
		return true
	}
	address, err := url.Parse(endpoint)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(l, func(p pattern) bool { return p.matches(normal(address.Hostname()), portOf(address)) })
}

func (p pattern) matches(host, port string) bool {
	if p.port != "" && p.port != port {
		return false
	}
	if p.below {
		return strings.HasSuffix(host, "."+p.host)
	}
	return host == p.host
}

// normal returns one form for all spellings of a host.
func normal(host string) string {
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if address, err := netip.ParseAddr(host); err == nil {
		return address.Unmap().String()
	}
	return host
}

func portOf(address *url.URL) string {
	switch port := address.Port(); {
	case port != "":
		return port
	case address.Scheme == "wss", address.Scheme == "https":
		return "443"
	}
	return "80"
}
