import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertObjectMatch,
  assertStringIncludes,
} from "@std/assert";
import { list, quote } from "../../lib/dial/errors.ts";
import { UnknownProtocolError, UnknownServiceError } from "../../lib/dial/mod.ts";

Deno.test("quote() escapes control characters and cuts long text", () => {
  assertEquals(quote("tcp"), '"tcp"');
  assertEquals(quote('a"b\n\0'), '"a\\"b\\n\\u0000"');
  assertEquals(quote("x".repeat(1000)), `"${"x".repeat(100)}…"`);
});

Deno.test("list() names the first and counts the rest", () => {
  assertEquals(list([]), "none");
  assertEquals(list(["a", "b"]), '"a", "b"');
  const many = Array.from({ length: 500 }, (_, i) => `name${i}`);
  assert(list(many).endsWith('"name19" and 480 more'));
});

Deno.test("UnknownProtocolError names what was requested and what there is", () => {
  const error = new UnknownProtocolError("tpc", ["tcp", "unix"], ", seriously");
  assertInstanceOf(error, TypeError);
  assertEquals(error.name, "UnknownProtocolError");
  assertEquals(error.protocol, "tpc");
  assertEquals(error.registered, ["tcp", "unix"]);
  assertStringIncludes(error.message, '"tpc", seriously: registered are "tcp", "unix"');
});

Deno.test("UnknownServiceError names what was requested and what there is", () => {
  const error = new UnknownServiceError("tcp", "htp", ["http", "www"]);
  assertInstanceOf(error, TypeError);
  assertEquals(error.name, "UnknownServiceError");
  assertObjectMatch(error, { protocol: "tcp", service: "htp" });
  assertEquals(error.registered, ["http", "www"]);
  assertStringIncludes(error.message, '"htp" of the protocol "tcp": registered are "http", "www"');
});
