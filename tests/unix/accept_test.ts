import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { accept, acceptSync } from "../../lib/unix/accept.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { isPending, linuxTest, test, turn } from "../util/cases.ts";
import { isInherited, isNonblocking } from "../util/inherited.ts";
import { tempDir } from "../util/tempdir.ts";

test("accept() and acceptSync() set the flags of the new descriptor, which inherits none", async () => {
  using dir = tempDir();
  for (const own of [{}, { nonblocking: true }, { cloexec: false }]) {
    using listener = listen(dir.join("a"), own);
    for (const flags of [{}, { cloexec: false }, { nonblocking: true }]) {
      using _first = connectSync(dir.join("a"));
      using _second = connectSync(dir.join("a"));
      using one = await accept(listener, flags);
      using other = acceptSync(listener, flags);
      const { cloexec = true, nonblocking = false } = flags as {
        cloexec?: boolean;
        nonblocking?: boolean;
      };
      for (const { fd } of [one, other]) {
        assertEquals({ isInherited: isInherited(fd), isNonblocking: isNonblocking(fd) }, {
          isInherited: !cloexec,
          isNonblocking: nonblocking,
        });
      }
    }
  }
});

test("accept() ends with the signal's reason before, during and after", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const reason = new Error("enough");
  const before = { signal: AbortSignal.abort(reason) };
  assertStrictEquals(await assertRejects(() => accept(listener, before)), reason);

  const abort = new AbortController();
  const pending = accept(listener, { signal: abort.signal });
  assertEquals(await isPending(pending), true);
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => pending), reason);

  const late = new AbortController();
  using _client = connectSync(dir.join("a"));
  using server = await accept(listener, { signal: late.signal });
  late.abort();
  await turn();
  assertEquals(server.remoteAddr.path, "");
});

test("accept() that is aborted loses no connection", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const abort = new AbortController();
  const pending = [accept(listener, { signal: abort.signal }), accept(listener)];
  await turn();
  abort.abort("enough");
  using _client = connectSync(dir.join("a"));
  assertEquals(await assertRejects(() => pending[0] ?? Promise.resolve()), "enough");
  using server = await pending[1];
  assertEquals(server?.type, "stream");
});

linuxTest("accept() gives sockets of the listener's type", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"), { type: "seqpacket" });
  using _client = connectSync(dir.join("a"), { type: "seqpacket" });
  using server = await accept(listener);
  assertEquals({ type: server.type, path: server.localAddr.path }, {
    type: "seqpacket",
    path: dir.join("a"),
  });
});

test("accept() and acceptSync() of a closed listener throw BadResource", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  listener.close();
  await assertRejects(
    () => accept(listener),
    Deno.errors.BadResource,
    "Cannot use the Listener: it is closed",
  );
  assertThrows(
    () => acceptSync(listener),
    Deno.errors.BadResource,
    "Cannot use the Listener: it is closed",
  );
});
