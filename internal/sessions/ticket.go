// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package sessions

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/roomsecrets/roomsecret-operator/roomclient"
	"github.com/roomsecrets/roomsecret-operator/roomclient/token"
)

// maxTicket is the largest answer to a request for a ticket, in bytes.
const maxTicket = 64 << 10

// ticketSource asks the service for a ticket, with the API key, for every attempt to connect.
func ticketSource(call Call) (roomclient.TicketSource, error) {
	rest, err := roomclient.NewREST(roomclient.RESTConfig{
		URL:       restURL(call.Room.Endpoint),
		ProjectID: call.Room.APIKey.ProjectID.String(),
		Token:     roomclient.StaticToken(call.Room.APIKey.Encode()),
		// There is a request an hour: no connection is kept for the next.
		HTTP:    &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: call.Room.TLS, DisableKeepAlives: true}},
		MaxBody: maxTicket,
	})
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) (roomclient.Ticket, error) {
		ticket, err := rest.Connect(ctx, call.Room.Name)
		if err != nil {
			return roomclient.Ticket{}, err
		}
		if err := trustworthy(ticket.URL, call.Room.Endpoint, call.Room.TLS); err != nil {
			return roomclient.Ticket{}, err
		}
		if !call.Room.Hosts.Allows(ticket.URL) {
			return roomclient.Ticket{}, errors.New("the service gave an address of the room at a host that --allowed-hosts does not allow")
		}
		claims, err := token.Decode(string(ticket.Token))
		if err != nil {
			return roomclient.Ticket{}, fmt.Errorf("read the token of the ticket: %w", err)
		}
		return ticket, call.Issued(ctx, claims.Name, claims.ExpiresAt)
	}, nil
}

// restURL returns the base of the REST API at an endpoint.
func restURL(endpoint string) string {
	endpoint = NormalizeEndpoint(endpoint)
	if rest, ok := strings.CutPrefix(endpoint, "wss://"); ok {
		return "https://" + rest
	}
	return "http://" + strings.TrimPrefix(endpoint, "ws://")
}

// trustworthy reports what is wrong with the address that a service gives for a room, compared with that of the endpoint:
// where a token is sent must be as secure as where it comes from. The errors do not quote the address.
func trustworthy(address, endpoint string, settings *tls.Config) error {
	room, err := url.Parse(NormalizeEndpoint(address))
	if err != nil {
		return errors.New("the service gave an address of the room that cannot be read")
	}
	service, err := url.Parse(NormalizeEndpoint(endpoint))
	if err != nil {
		return errors.New("the endpoint cannot be read")
	}
	switch elsewhere := room.Host != service.Host; {
	case room.Scheme != "wss" && service.Scheme == "wss":
		return errors.New("the service gave an address of the room without TLS, and the endpoint has it")
	case room.Scheme != "wss" && elsewhere:
		return errors.New("the service gave an address of the room at another host, without TLS")
	case elsewhere && settings != nil && settings.ServerName != "":
		return errors.New("the service gave an address of the room at another host, whose certificate cannot have the name that is expected of the endpoint's")
	}
	return nil
}
