/**
 * Descriptors of other programs that are no sockets, and what makes them ready there: `ready()` waits for
 * the kernel's own kinds as poll(2) reports them.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import { type OwnedFd, unix } from "../../mod.ts";
import { isPending } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { ROOT } from "../util/project.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const KINDS = ["pidfd", "eventfd", "inotify", "epoll", "timerfd", "seccomp"] as const;

/** Start the peer, and take the descriptor that it passes. */
async function received(kind: string): Promise<{ fd: OwnedFd; python: LineProcess }> {
  using dir = tempDir();
  using listener = unix.listen(dir.join("s"));
  const python = startProcess(needPeer("python3-linux").command, {
    args: [new URL("tests/peers/readiness.py", ROOT).pathname, dir.join("s"), kind],
  });
  using socket = await listener.accept({ signal: AbortSignal.timeout(20_000) });
  using message = await socket.receive({ files: 1 });
  const fd = message?.files.pop();
  if (fd === undefined) throw new Error("The peer passed nothing");
  return { fd, python };
}

for (const kind of KINDS) {
  testWith(
    "python3-linux",
    `ready() waits for a ${kind} of Python's, reads nothing, and ends with a signal`,
    noLeaks(async () => {
      const { fd, python } = await received(kind);
      using _ = fd;
      await using _python = python;
      const stop = new AbortController();
      const aborted = fd.ready("read", { signal: stop.signal });
      assertEquals(await isPending(aborted), true);
      stop.abort(new RangeError("enough"));
      await assertRejects(() => aborted, RangeError, "enough");

      const ready = fd.ready("read", { signal: AbortSignal.timeout(20_000) });
      assertEquals(await isPending(ready), true);
      await python.writeLine("go");
      await ready;
      await fd.ready("read", { signal: AbortSignal.timeout(20_000) });
    }),
  );
}

testWith(
  "python3-linux",
  "closing ends a ready() of what is no socket",
  noLeaks(async () => {
    const { fd, python } = await received("pidfd");
    await using _ = python;
    const waiting = fd.ready("read");
    assertEquals(await isPending(waiting), true);
    fd.close();
    await assertRejects(() => waiting, Deno.errors.BadResource);
  }),
);
