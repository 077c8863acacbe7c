// A process of its own, because other files register protocols, and these tests name all that there are.

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  dial,
  type Dialer,
  type DialOptions,
  registerProtocol,
  UnknownProtocolError,
} from "../../lib/dial/mod.ts";
import { findProtocol, registeredProtocols } from "../../lib/dial/registry.ts";

const dialer: Dialer = () => Promise.reject(new Error("dialled"));

/** What is there from the start. */
const BUILT_IN = ["tcp", "tls", "vsock"];

Deno.test("registerProtocol() makes a name known until it is disposed", async () => {
  {
    using _registration = registerProtocol("denet-test", dialer);
    assertEquals(registeredProtocols(), [...BUILT_IN, "denet-test"]);
    await assertRejects(() => dial("denet-test", "x"), Error, "dialled");
  }
  assertEquals(registeredProtocols(), BUILT_IN);
  await assertRejects(() => dial("denet-test", "x"), UnknownProtocolError);
});

Deno.test("registerProtocol() takes names in any case", async () => {
  using _registration = registerProtocol("Denet.Test+1", dialer);
  await assertRejects(() => dial("denet.test+1", "x"), Error, "dialled");
  await assertRejects(() => dial("DENET.TEST+1", "x"), Error, "dialled");
});

Deno.test("registerProtocol() hands on address, service and options as they are", async () => {
  const calls: unknown[] = [];
  using _registration = registerProtocol("denet-test", (...args) => {
    calls.push(args);
    return Promise.reject(new Error("dialled"));
  });
  const options: DialOptions = { signal: new AbortController().signal };
  await assertRejects(
    () => dial("denet-test", " any\0 address ", "svc", options),
    Error,
    "dialled",
  );
  await assertRejects(() => dial("denet-test", ""), Error, "dialled");
  assertEquals(calls, [[" any\0 address ", "svc", options], ["", "", {}]]);
});

Deno.test("registerProtocol() refuses a taken name, tcp among them", () => {
  using _registration = registerProtocol("denet-test", dialer);
  for (const name of ["tcp", "TCP", "denet-test", "Denet-Test"]) {
    assertThrows(() => registerProtocol(name, dialer), TypeError, "the name is taken");
  }
  assertEquals(registeredProtocols(), [...BUILT_IN, "denet-test"]);
});

Deno.test("registerProtocol() refuses a malformed name, dialer or option", () => {
  for (const name of ["", "1x", "a b", "a_b", "a:", "é"]) {
    assertThrows(() => registerProtocol(name, dialer), TypeError, "Cannot register the protocol");
  }
  assertThrows(() => registerProtocol("x", undefined as never), TypeError, "not a function");
  assertThrows(
    () => registerProtocol("x", dialer, { address: "url" as never }),
    TypeError,
    'its `address` is unknown; give "host" or "path"',
  );
  assertThrows(
    () => registerProtocol("x", dialer, { dialBytes: 1 as never }),
    TypeError,
    "dialBytes",
  );
  assertEquals(registeredProtocols(), BUILT_IN);
});

Deno.test("registerProtocol() handle is idempotent and spares a successor", () => {
  const first = registerProtocol("denet-test", dialer);
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  using _second = registerProtocol("denet-test", dialer);
  first[Symbol.dispose]();
  assertEquals(findProtocol("denet-test")?.dialer, dialer);
});
