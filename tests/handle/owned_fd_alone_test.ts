/** Imports nothing of the sockets: `OwnedFd` alone must not need them. */
// A process of its own, because others load the sockets.

import { assertThrows } from "@std/assert";
import { adopters, OwnedFd } from "../../lib/handle/owned_fd.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";

Deno.test("adopters say what to import where the sockets are not loaded", () => {
  const descriptor = new Descriptor(2 ** 30, "Test");
  assertThrows(() => adopters.socket(descriptor), TypeError, '"@denet/unix"');
  assertThrows(() => adopters.listener(descriptor), TypeError, '"@denet/unix"');
});

Deno.test("asSocket() says what to import, and leaves the descriptor open", () => {
  using file = OwnedFd.open("/dev/null");
  assertThrows(() => file.asSocket(), TypeError, '"@denet/unix"');
  assertThrows(() => file.asListener(), TypeError, '"@denet/unix"');
  file.statSync();
});
