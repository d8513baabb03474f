// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

import { failure } from "./wire.mjs";

// Rooms holds the room clients that are connected, by the name the tests gave them.
export class Rooms {
  #sdk;
  #emit;
  #open = new Map();

  constructor(sdk, emit) {
    this.#sdk = sdk;
    this.#emit = emit;
  }

  // join connects a room client and says who it is. With environment, the SDK finds room and token by itself.
  // Without provider, the client has no handlers for what other participants request of it.
  async join({ room: name, url, token, reconnectTimeout, environment, provider }) {
    const handlers = provider ? this.#handlers(name) : {};
    const entry = this.#reconnects()
      ? this.#newClient({ url, token, reconnectTimeout, environment, handlers })
      : this.#oldClient({ url, token, handlers });
    this.#open.set(name, entry);
    try {
      await this.#start(name, entry);
    } catch (error) {
      error.attempts = entry.attempts;
      this.#open.delete(name);
      entry.client.dispose();
      throw error;
    }
    return this.#whoami(entry);
  }

  #handlers(name) {
    return {
      secretRequestHandler: (request) => this.#emit({ event: "secretRequest", room: name, request }),
      oauthTokenRequestHandler: (request) => this.#emit({ event: "oauthRequest", room: name, request }),
    };
  }

  // From 0.37 on the client makes its connections itself, through a factory.
  #reconnects() {
    return "RoomProtocolProxy" in this.#sdk;
  }

  #newClient({ url, token, reconnectTimeout = null, environment, handlers }) {
    const { RoomClient, WebSocketClientProtocol } = this.#sdk;
    const entry = { attempts: 0 };
    if (environment) {
      Object.assign(process.env, environment);
      entry.client = new RoomClient({ reconnectTimeout, ...handlers });
      Object.keys(environment).forEach((key) => delete process.env[key]);
    } else {
      const factory = WebSocketClientProtocol.createFactory({ url, token });
      const protocolFactory = () => (entry.attempts++, factory());
      entry.client = new RoomClient({ protocolFactory, reconnectTimeout, ...handlers });
    }
    entry.secrets = entry.client.secrets;
    entry.client.ready.catch(() => {}); // start fails with the same error
    return entry;
  }

  // Before, a client is one connection, and only a SecretsClient of one's own can have handlers.
  #oldClient({ url, token, handlers }) {
    const { RoomClient, SecretsClient, WebSocketClientProtocol } = this.#sdk;
    const client = new RoomClient({ protocol: new WebSocketClientProtocol({ url, token }) });
    const secrets = Object.keys(handlers).length > 0 ? new SecretsClient({ room: client, ...handlers }) : client.secrets;
    return { client, secrets, attempts: 1 };
  }

  // start waits until the client is ready and knows its participant. The old client is ready before it does, and
  // when it is refused its start never ends: only the callbacks tell.
  async #start(name, { client }) {
    for (const news of ["messaging_enabled", "participant_added", "participant_removed", "participant_attributes_updated"]) {
      client.messaging.on(news, () => this.#emit({ event: news, room: name }));
    }
    for (const status of ["disconnected", "reconnected"]) {
      client.on?.(status, (event) => this.#emit({ event: status, room: name, message: event.message }));
    }
    await new Promise((resolve, reject) => {
      const ended = (error) => {
        reject(error ?? new Error("the connection ended"));
        this.#emit({ event: "ended", room: name, message: error ? failure(error).message : "" });
      };
      client.start({ onDone: () => ended(), onError: ended }).then(resolve, reject);
    });
    while (client.localParticipant === null) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #whoami({ client }) {
    const { localParticipant: me } = client;
    return {
      participantId: me.id,
      name: me.getAttribute("name"),
      roomName: client.roomName ?? null,
      roomUrl: client.roomUrl ?? null,
      sessionId: client.sessionId ?? null,
    };
  }

  leave({ room }) {
    this.#open.get(room).client.dispose();
    this.#open.delete(room);
  }

  secrets({ room, method, args }) {
    return this.#open.get(room).secrets[method](args);
  }

  // burst makes all calls before the first answer can come in.
  async burst({ room, method, args }) {
    const { secrets } = this.#open.get(room);
    const results = await Promise.allSettled(args.map((arg) => secrets[method](arg)));
    return results.map(({ value, reason }) => (reason ? { error: failure(reason) } : { ok: value ?? null }));
  }

  // messaging makes the participant known to the others, or unknown.
  messaging({ room, method }) {
    return this.#open.get(room).client.messaging[method]();
  }

  participants({ room }) {
    const { messaging } = this.#open.get(room).client;
    return messaging.remoteParticipants.map((p) => ({
      id: p.id, role: p.role, name: p.getAttribute("name"), mood: p.getAttribute("mood") ?? "",
      byName: messaging.getParticipantByName(p.getAttribute("name"))?.id, online: p.online,
    }));
  }

  setAttribute({ room, name, value }) {
    return this.#open.get(room).client.localParticipant.setAttribute(name, value);
  }

  invoke({ room, toolkit, tool, input }) {
    return this.#open.get(room).client.invoke({ toolkit, tool, input });
  }
}
