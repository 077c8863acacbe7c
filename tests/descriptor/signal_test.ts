import { assertThrows } from "@std/assert";
import { requireSignal } from "../../lib/descriptor/signal.ts";

Deno.test("requireSignal() takes a signal or none, and throws the reason of one that has aborted", () => {
  requireSignal(undefined);
  requireSignal(new AbortController().signal);
  const reason = new RangeError("mine");
  assertThrows(() => requireSignal(AbortSignal.abort(reason)), RangeError, "mine");
});

Deno.test("requireSignal() refuses everything else, and says what it was", () => {
  const table = [[{}, "an object"], [null, "null"], ["x", '"x"'], [5, "5"], [
    new AbortController(),
    "an AbortController",
  ]] as const;
  for (const [signal, text] of table) {
    assertThrows(() => requireSignal(signal as never), TypeError, `Cannot wait with ${text}`);
  }
});
