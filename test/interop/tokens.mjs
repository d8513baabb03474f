// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Tokens makes and reads participant tokens with the classes an application would use.
export class Tokens {
  #sdk;

  constructor(sdk) {
    this.#sdk = sdk;
  }

  sign({ name, room, role, admin, endpoints, expires, apiKey }) {
    const { ParticipantToken, ApiScope, SecretsGrant, AdminGrant } = this.#sdk;
    const token = new ParticipantToken({ name });
    token.addRoomGrant(room);
    if (role) {
      token.addRoleGrant(role);
    }
    const requestOauthToken = endpoints?.map((endpoint) => new this.#sdk.OAuthEndpoint(endpoint));
    token.addApiGrant(new ApiScope({
      secrets: new SecretsGrant({ requestOauthToken }),
      admin: admin ? new AdminGrant() : undefined,
    }));
    return token.toJwt({ apiKey, expiration: expires ? new Date(expires) : undefined });
  }

  async verify({ jwt, secret }) {
    const token = await this.#sdk.ParticipantToken.fromJwt(jwt, { token: secret });
    return {
      name: token.name,
      role: token.role,
      projectId: token.projectId ?? null,
      apiKeyId: token.apiKeyId ?? null,
      version: token.version ?? null,
      room: token.grantScope("room") ?? null,
      secrets: token.getApiGrant()?.secrets !== undefined,
      admin: token.getApiGrant()?.admin !== undefined,
    };
  }

  // helper is the token of the SDK's shortcut for agents.
  helper({ name, room, apiKey }) {
    return this.#sdk.participantToken({ participantName: name, roomName: room, apiKey }).toJwt({ apiKey });
  }

  // mayRequest tells what the SDK makes of the allow-list of a token.
  async mayRequest({ jwt, secret, oauth }) {
    const token = await this.#sdk.ParticipantToken.fromJwt(jwt, { token: secret });
    return token.getApiGrant().secrets.canRequestOauthToken({ oauth });
  }
}
