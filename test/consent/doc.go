// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Package consent tries the consent page in a real browser, Chromium, against a certified OpenID provider, zitadel/oidc, and
// a real room, from which an agent gets its token in the end. It is a module of its own, so that neither the provider nor the
// driver of the browser reaches users of the operator.
package consent
