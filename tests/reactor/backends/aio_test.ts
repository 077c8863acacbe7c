/** The calls of asynchronous I/O. */

import { assertEquals } from "@std/assert";
import { libc, replaceLibc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform/mod.ts";
import { aioRing, ioDestroy, ioSetup, ioSubmit } from "../../../ffi/syscalls/aio.ts";
import { openAio } from "../../../lib/reactor/backends/aio.ts";
import { reactorOf, whyMissing } from "../backends.ts";
import { testUnless } from "../../util/peers.ts";

const linux = Deno.build.os === "linux" ? undefined : "Linux only";

testUnless(linux, "ioSetup() gives a ring that ioDestroy() takes back once", () => {
  const context = ioSetup(1);
  if (typeof context === "number") throw new Error(`io_setup: ${context}`);
  const MAGIC = 4, HEAD = 2, TAIL = 3;
  const ring = aioRing(context, 8);
  assertEquals({ magic: ring[MAGIC], head: ring[HEAD], tail: ring[TAIL] }, {
    magic: 0xa10a10a1 | 0,
    head: 0,
    tail: 0,
  });
  assertEquals(ioDestroy(context), 0);
  assertEquals(ioDestroy(context), -platform.EINVAL);
});

testUnless(linux ?? whyMissing("aio"), "the end of the backend destroys its context", () => {
  const { io_destroy } = libc();
  const results: unknown[] = [];
  const previous = replaceLibc(Object.create(libc(), {
    io_destroy: {
      value: (...args: Parameters<NonNullable<typeof io_destroy>>) => {
        const result = io_destroy?.(...args);
        results.push(Number(result));
        return result;
      },
    },
  }));
  try {
    const reactor = reactorOf([(sink) => openAio(sink)]);
    reactor.backend();
    assertEquals(results, []);
    reactor.dispose();
    assertEquals(results, [0]);
  } finally {
    replaceLibc(previous);
  }
});

testUnless(linux, "ioSubmit() to no context and of no request is refused", () => {
  assertEquals(ioSubmit(1n, new Uint8Array(8)), -platform.EINVAL);
});

testUnless(linux, "ioSetup() refuses more than the system has", () => {
  assertEquals(ioSetup(0x7fffffff), -platform.EINVAL);
});
