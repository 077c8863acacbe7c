// The first and the last value of each range are taken, and those beside them are not.
import { assertEquals, assertThrows } from "@std/assert";
import { requireFit } from "../lib/fd/file_like.ts";
import { checkedOffset } from "../lib/fd/file_change.ts";
import { checkedBuffers, checkedSize } from "../lib/handle/receive_options.ts";
import { isPort } from "../lib/dial/names.ts";
import { resolveVsock } from "../lib/dial/vsock.ts";
import { checkedBacklog } from "../lib/socket/setup.ts";
import { checkedBusyPoll } from "../lib/socket/options.ts";
import { checkedTimeout } from "../lib/socket/time_limit.ts";
import { lengthPrefixed } from "../lib/frames/mod.ts";
import { Msghdr, OwnedFd } from "../mod.ts";
import { linuxTest } from "./util/cases.ts";

type Bounds = readonly [first: number | bigint, last: number | bigint];
type Take = (value: never) => unknown;

const INTEGERS: Record<string, readonly [Take, ...Bounds]> = {
  "a backlog": [checkedBacklog, 0, 2 ** 31 - 1],
  "the size of a receive": [checkedSize, 0, 2 ** 30],
  "a busy poll": [checkedBusyPoll, 0, 1_000_000],
  "a time limit": [checkedTimeout, 0, 2 ** 31],
  "an offset in a file": [checkedOffset, 0, 2n ** 63n - 1n],
  "the place of a length": [(offset: number) => lengthPrefixed({ offset }), 0, 65536],
  "a port of VSOCK": [(port: number) => resolveVsock("2", `${port}`), 0, 2 ** 32 - 2],
  "a level of control data": [
    (level: number) => new Msghdr().addControl(4, level, 1),
    -(2 ** 31),
    2 ** 31 - 1,
  ],
};

for (const [what, [take, first, last]] of Object.entries(INTEGERS)) {
  Deno.test(`${what} is from ${first} to ${last}`, () => {
    const call = take as (value: number | bigint) => unknown;
    for (const it of [first, last]) call(it);
    const beside = typeof last === "bigint" ? last + 1n : last + 1;
    assertThrows(() => call(beside), RangeError);
    assertThrows(() => call(Number(first) - 1), Error);
  });
}

Deno.test("a port is from 1 to 65535", () => {
  assertEquals([0, 1, 65535, 65536].map(isPort), [false, true, true, false]);
});

Deno.test("a message has at most 253 files and 1024 pieces", () => {
  requireFit(253);
  assertThrows(() => requireFit(254), RangeError);
  const pieces = Array.from({ length: 1025 }, () => new Uint8Array(1));
  assertEquals(checkedBuffers(pieces.slice(1)).length, 1024);
  assertThrows(() => checkedBuffers(pieces), RangeError);
  using message = new Msghdr();
  for (const it of pieces.slice(1)) message.addVector(it);
  assertThrows(() => message.addVector(new Uint8Array(1)), RangeError);
});

linuxTest(
  "the name of a memory file has at most 249 bytes, an event counter starts with 32 bits",
  () => {
    OwnedFd.memfd("a".repeat(249)).close();
    assertThrows(() => OwnedFd.memfd("a".repeat(250)), RangeError);
    OwnedFd.eventfd(0xffffffff).close();
    assertThrows(() => OwnedFd.eventfd(2 ** 32), RangeError);
  },
);
