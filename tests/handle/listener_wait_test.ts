/** How `accept()` waits and ends, and when a listener keeps the program alive. */

import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { connectSync } from "../../lib/unix/connect.ts";
import { listen } from "../../lib/unix/listen.ts";
import { bytes, isPending, test, text, turn } from "../util/cases.ts";
import { lifetime } from "../util/lifetime.ts";
import { outOfDescriptors } from "../util/limits.ts";
import { testWith } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

test("accept() waits in the order it was called", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const pending = [listener.accept(), listener.accept()];
  assertEquals(await isPending(Promise.race(pending)), true);
  for (const it of ["1", "2"]) {
    using client = connectSync(dir.join("a"));
    client.writeSync(bytes(it));
  }
  const seen = [];
  for (const accepted of pending) {
    using server = await accepted;
    const chunk = new Uint8Array(1);
    await server.read(chunk);
    seen.push(text(chunk));
  }
  assertEquals(seen, ["1", "2"]);
});

for (const how of ["close", "detach", Symbol.dispose] as const) {
  test(`${String(how)} ends a pending accept() with BadResource`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    const pending = [listener.accept(), listener.accept()];
    await turn();
    const fd = listener[how]();
    for (const it of pending) {
      await assertRejects(
        () => it,
        Deno.errors.BadResource,
        "Cannot use the Listener: it is closed",
      );
    }
    if (typeof fd === "number") OwnedFd.adopt(fd).close();
  });

  test(`${String(how)} ends the iterator cleanly`, async () => {
    using dir = tempDir();
    using listener = listen(dir.join("a"));
    let count = 0;
    const loop = (async () => {
      for await (const socket of listener) {
        socket.close();
        count++;
      }
    })();
    for (let n = 0; n < 3; n++) connectSync(dir.join("a")).close();
    while (count < 3) await turn();
    assertEquals(await isPending(loop), true);
    const fd = listener[how]();
    await loop;
    for await (const _ of listener) assert(false);
    if (typeof fd === "number") OwnedFd.adopt(fd).close();
  });
}

test("accept() without descriptors throws EMFILE, and the connection stays queued", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using client = connectSync(dir.join("a"));
  {
    using _shortage = outOfDescriptors();
    for (
      const attempt of [() => listener.accept(), () => Promise.try(() => listener.acceptSync())]
    ) {
      const error = await assertRejects(attempt, Error, "too many open descriptors");
      assert("code" in error && "syscall" in error);
      assertObjectMatch(error, { code: "EMFILE", syscall: "accept" });
    }
  }
  using server = await listener.accept();
  client.writeSync(bytes("a"));
  assertEquals(await server.read(new Uint8Array(8)), 1);
});

test("the iterator waits while there are no descriptors, and continues when there are", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  using client = connectSync(dir.join("a"));
  const iterator = listener[Symbol.asyncIterator]();
  let next: Promise<IteratorResult<Disposable>>;
  {
    using _shortage = outOfDescriptors();
    next = iterator.next();
    assertEquals(await isPending(next), true);
  }
  using server = (await next).value;
  assert(server);
  client.close();
});

Deno.test("a program with an idle listener ends by itself", async () => {
  const program = `unix.listen(dir + "/a"); console.log("end");`;
  assertEquals(await lifetime(program), "end\n");
});

Deno.test("a program ends by itself once its listener is closed, although it had waited", async () => {
  const program = `
    const listener = unix.listen(dir + "/a");
    const pending = listener.accept().catch((error) => console.log(error.name));
    setTimeout(() => listener.close(), 10);
  `;
  assertEquals(await lifetime(program), "BadResource\n");
});

Deno.test("a pending accept() lets the program end after unref()", async () => {
  for (const order of ["before", "after"]) {
    const program = `
      const listener = unix.listen(dir + "/a");
      ${order === "before" ? "listener.unref();" : ""}
      listener.accept();
      ${order === "after" ? "setTimeout(() => listener.unref(), 10);" : ""}
      console.log("end");
    `;
    assertEquals(await lifetime(program), "end\n");
  }
});

test("accept() ends at the signal, and no connection is lost", async () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  const controller = new AbortController();
  const pending = listener.accept({ signal: controller.signal });
  assertEquals(await isPending(pending), true);
  controller.abort(new RangeError("mine"));
  await assertRejects(() => pending, RangeError, "mine");
  using _client = connectSync(dir.join("a"));
  const aborted = { signal: AbortSignal.abort(new RangeError("mine")) };
  await assertRejects(() => listener.accept(aborted), RangeError, "mine");
  using _server = await listener.accept({ signal: new AbortController().signal });
});

test("acceptSync() throws TimedOut after its timeout, and WouldBlock after receiveTimeout", () => {
  using dir = tempDir();
  using listener = listen(dir.join("a"));
  for (const timeout of [0, 15]) {
    const expected = `Cannot accept a connection: nothing changed within ${timeout} ms`;
    const error = assertThrows(
      () => listener.acceptSync({ timeout }),
      Deno.errors.TimedOut,
      expected,
    );
    assert("code" in error && "syscall" in error);
    assertObjectMatch(error, { code: "ETIMEDOUT", syscall: "accept" });
  }
  listener.receiveTimeout = 15;
  assertThrows(() => listener.acceptSync(), Deno.errors.WouldBlock);
  using _client = connectSync(dir.join("a"));
  using _server = listener.acceptSync({ timeout: 10_000 });
});

testWith(
  "python3",
  "a pending accept() keeps the program alive, also after unref() and ref()",
  async () => {
    const program = `
    const listener = unix.listen(dir + "/a");
    listener.unref();
    listener.accept().then(() => console.log("accepted"));
    listener.ref();
    // Another process connects, as a timer here would keep this one alive.
    const script = "import socket, time; time.sleep(0.3); " +
      "socket.socket(socket.AF_UNIX).connect('" + dir + "/a')";
    new Deno.Command("python3", { args: ["-c", script], stdout: "null" }).spawn().unref();
  `;
    assertEquals(await lifetime(program), "accepted\n");
  },
);
