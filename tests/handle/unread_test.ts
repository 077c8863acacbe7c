/** Bytes that are given back to a socket wake what already waits for some, with every backend. */

import { assertEquals } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno } from "../util/process.ts";

const SCRIPT = new URL("./unread.ts", import.meta.url);

/** What each way comes to: whether it waited before, and how it went on. */
const WAYS = {
  "ready, frames disposed": [true, "two\n"],
  "read, frames disposed": [true, "two\n"],
  "ready, receive aborted": [true, "two"],
  "ready to write, frames disposed": [true, "aborted"],
};

for (const backend of ["io_uring", "aio", "pool"]) {
  testUnless(whyMissing(backend), `given back bytes wake what waits (${backend})`, async () => {
    const found = await Promise.all(
      Object.keys(WAYS).map(async (way) => {
        const env = { DENET_UNIX_REACTOR: backend };
        await using child = startDeno(SCRIPT, ["--allow-all"], { args: [way], env });
        return [way, JSON.parse(await child.readAll())] as const;
      }),
    );
    assertEquals(Object.fromEntries(found), WAYS);
  });
}
