// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// Drives one version of the published SDK for the Go tests:
//
//     node driver.mjs 0.39.9
//
// reads commands from standard input, one JSON object a line, {"id", "do", ...}, carries them out at the same
// time, and writes for each {"id", "ok"} or {"id", "error"} to standard output. What happens by itself is an
// {"event", "room", ...} line. Bytes travel as {"$base64"}.

import { createInterface } from "node:readline";
import { createRequire } from "node:module";
import { Console } from "node:console";

import { Rooms } from "./rooms.mjs";
import { Tokens } from "./tokens.mjs";
import { read, write, failure } from "./wire.mjs";

// The SDK talks to the console; standard output is ours.
globalThis.console = new Console(process.stderr, process.stderr);

// What the SDK raises where no application can catch it, and what an application in Node has to live with:
const known = new Set([
  // When the newer version disposes a socket whose upgrade was refused, the socket emits an error nobody listens to.
  "WebSocket was closed before the connection was established",
  // When somebody is asked for a secret and has no handler, the older version rejects a promise nobody holds.
  "No secret handler registered",
]);
process.on("uncaughtException", (error) => {
  if (!known.has(error.message)) {
    console.error("uncaught", error);
    process.exit(1);
  }
});

// The packages' ES modules do not load in Node (they are CommonJS under another name), so it is require.
const sdk = createRequire(import.meta.url)(`meshagent-${process.argv[2]}`);

const rooms = new Rooms(sdk, write);
const tokens = new Tokens(sdk);
const commands = {
  join: (c) => rooms.join(c),
  leave: (c) => rooms.leave(c),
  secrets: (c) => rooms.secrets(c),
  burst: (c) => rooms.burst(c),
  messaging: (c) => rooms.messaging(c),
  participants: (c) => rooms.participants(c),
  setAttribute: (c) => rooms.setAttribute(c),
  invoke: (c) => rooms.invoke(c),
  rest: ({ baseUrl, token, method, args }) => new sdk.Meshagent({ baseUrl, token })[method](...args),
  parseKey: (c) => sdk.parseApiKey(c.key),
  encodeKey: (c) => sdk.encodeApiKey(c.key),
  sign: (c) => tokens.sign(c),
  verify: (c) => tokens.verify(c),
  helperToken: (c) => tokens.helper(c),
  mayRequest: (c) => tokens.mayRequest(c),
};

async function carryOut({ id, do: name, ...command }) {
  try {
    write({ id, ok: (await commands[name](command)) ?? null });
  } catch (error) {
    write({ id, error: failure(error) });
  }
}

const input = createInterface({ input: process.stdin, crlfDelay: Infinity });
input.on("line", (line) => void carryOut(read(line)));
input.on("close", () => process.exit(0));
write({ event: "ready" });
