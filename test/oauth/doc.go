// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package oauth tries the OAuth flows of a room against a certified OpenID provider, zitadel/oidc: our client asks
// and consents, our server exchanges codes, refreshes and keeps, and a browser made of net/http logs in. It is a
// module of its own, so that the provider does not reach users of the operator.
package oauth
