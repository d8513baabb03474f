// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package roomclient

import "context"

// Store is what both back ends can do with secrets: [Secrets] over a connection to the
// room, and [RESTSecrets] without one. All methods are idempotent.
type Store interface {
	// SetSecret creates or replaces a row.
	SetSecret(ctx context.Context, r SetSecretRequest) error
	// GetSecret reads a secret; it returns ErrNotFound when there is positively none.
	GetSecret(ctx context.Context, q SecretQuery) (Secret, error)
	// Exists reports whether there is such a row, without reading its value.
	Exists(ctx context.Context, q ExistsQuery) (bool, error)
	// ListSecrets returns all rows of the identity, without values.
	ListSecrets(ctx context.Context) ([]SecretInfo, error)
	// DeleteSecret removes a row; that there is none is a success.
	DeleteSecret(ctx context.Context, id, delegatedTo string) error
}
