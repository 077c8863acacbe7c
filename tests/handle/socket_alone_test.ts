/** Imports nothing of listeners: a `Socket` alone must not need them. */
// A process of its own, because others load the listeners.

import { assertThrows } from "@std/assert";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { listeners } from "../../lib/handle/socket_endpoint.ts";

Deno.test("a socket says what to import where listeners are not loaded", () => {
  const descriptor = new Descriptor(2 ** 30, "Test");
  assertThrows(() => listeners.own(descriptor, "stream", {}), TypeError, '"@denet/unix"');
});
