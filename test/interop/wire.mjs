// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

// The JSON lines between the Go tests and the driver.

// read parses a line; {"$base64"} becomes bytes.
export function read(line) {
  return JSON.parse(line, (_, value) =>
    typeof value?.$base64 === "string" ? new Uint8Array(Buffer.from(value.$base64, "base64")) : value);
}

// write prints one line; bytes become {"$base64"}.
export function write(message) {
  process.stdout.write(JSON.stringify(encode(message)) + "\n");
}

function encode(value) {
  if (value instanceof Uint8Array) {
    return { $base64: Buffer.from(value).toString("base64") };
  }
  if (Array.isArray(value)) {
    return value.map(encode);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, encode(member)]));
  }
  return value;
}

// failure says what an application could see of an error.
export function failure(error) {
  return {
    name: error?.name ?? typeof error,
    message: error?.message ?? String(error),
    code: typeof error?.code === "number" ? error.code : 0,
    attempts: error?.attempts ?? 0,
  };
}
