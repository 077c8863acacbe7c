// The decoders of tools/unixtap, by conversations in pieces of any size, and by garbage.

import { assert, assertEquals } from "@std/assert";
import { PROTOCOLS } from "../../tools/unixtap/decoders/mod.ts";
import { readWaylandProtocols } from "../../tools/unixtap/decoders/wayland_protocol.ts";
import type { Protocol } from "../../tools/unixtap/decoders/decoder.ts";
import type { ProtocolName } from "../../tools/unixtap/decoders/names.ts";
import type { Side } from "../../tools/unixtap/events.ts";

const wayland = readWaylandProtocols([]);
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

function protocol(name: ProtocolName): Protocol {
  const found = PROTOCOLS.find((it) => it.name === name);
  assert(found !== undefined);
  return found;
}

function words(...numbers: number[]): Uint8Array {
  return new Uint8Array(new Uint32Array(numbers).buffer);
}

type Turn = readonly [from: Side, data: Uint8Array];

/** Conversations, and what is shown of each when it comes in whole messages. */
const CONVERSATIONS: readonly [name: ProtocolName, turns: readonly Turn[], lines: string[]][] = [
  ["http", [
    [
      "client",
      encode("POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\n\r\n"),
    ],
    [
      "server",
      encode("HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ],
  ], [
    "POST /a HTTP/1.1",
    "Host: x",
    "Content-Length: 3",
    "body of 3 bytes",
    "GET /b HTTP/1.1",
    "HTTP/1.1 204 No Content",
    "HTTP/1.1 200 OK",
    "Content-Length: 0",
  ]],
  ["json", [["client", encode('{"a":1}\n{"b":2}\n')]], ['{"a":1}', '{"b":2}']],
  ["json", [["client", encode('{"method":"a.B","parameters":{"c":1},"more":true}\0')]], [
    'call a.B more {"c":1}',
  ]],
  ["redis", [
    ["client", encode("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n")],
    ["server", encode("$-1\r\n*2\r\n:1\r\n$1\r\na\r\n-ERR no\r\n")],
  ], ["GET k", "(nil)", '[1, "a"]', "error ERR no"]],
  ["wayland", [["client", words(1, 12 << 16 | 1, 2, 1, 12 << 16, 3)], [
    "server",
    words(3, 12 << 16, 7),
  ]], [
    "wl_display#1.get_registry(registry: new wl_registry#2)",
    "wl_display#1.sync(callback: new wl_callback#3)",
    "wl_callback#3.done(callback_data: 7)",
  ]],
  ["postgres", [
    ["client", new Uint8Array([0, 0, 0, 17, 0, 3, 0, 0, ...encode("user\0me\0\0")])],
    ["client", new Uint8Array([0x51, 0, 0, 0, 13, ...encode("select 1\0")])],
    ["server", new Uint8Array([0x5a, 0, 0, 0, 5, 0x49])],
  ], ["Startup user=me", "Query select 1", "ReadyForQuery I"]],
];

for (const [name, turns, lines] of CONVERSATIONS) {
  Deno.test(`the decoder ${name} shows ${JSON.stringify(lines[0])}, in pieces of any size`, () => {
    const [from, head] = (turns as readonly [Turn])[0];
    assert(protocol(name).recognizes(from, head));
    assertEquals(PROTOCOLS.find((it) => it.recognizes(from, head))?.name, name);
    for (const size of [1, 2, 7, 1000]) {
      const decoder = protocol(name).create({ wayland });
      const shown = turns.flatMap(([side, data]) => {
        const found: string[] = [];
        for (let i = 0; i < data.length; i += size) {
          found.push(...decoder.decode(side, data.subarray(i, i + size), []));
        }
        return found;
      });
      assertEquals(shown.filter((it) => !it.endsWith("still to come")), lines, `pieces of ${size}`);
    }
  });
}

Deno.test("decoders end or throw for garbage, and keep no more than a bound", () => {
  let seed = 1;
  const random = (): number => (seed = (seed * 1103515245 + 12345) >>> 0) / 2 ** 32;
  for (const it of PROTOCOLS) {
    const turns = CONVERSATIONS.find(([name]) => name === it.name)?.[1] ??
      [["client", new Uint8Array(64)]];
    for (let round = 0; round < 2000; round++) {
      const decoder = it.create({ wayland });
      try {
        for (const [side, data] of turns as readonly Turn[]) {
          const bytes = data.slice();
          for (let i = 0; i < 4; i++) bytes[Math.floor(random() * bytes.length)] = random() * 256;
          it.recognizes(side, bytes);
          decoder.decode(side, bytes, []);
        }
      } catch (error) {
        assert(error instanceof Error);
      }
    }
  }
});
