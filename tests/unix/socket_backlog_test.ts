/** connect() of a socket to a listener whose backlog is full, and in its turn. */

import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { destinationOf } from "../../lib/address/destination.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { Connector } from "../../lib/socket/connector.ts";
import { type Listener, Socket, unix } from "../../mod.ts";
import { bytes, fill, isPending, linuxTest, text } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { lifetime } from "../util/lifetime.ts";
import { pollTimeouts } from "../util/poll_timeouts.ts";
import { tempDir } from "../util/tempdir.ts";

linuxTest(
  "connect() waits for a send that was started before it, which goes to the old peer",
  async () => {
    using dir = tempDir();
    using first = unix.bind(dir.join("1"));
    using second = unix.bind(dir.join("2"));
    using sender = unix.socket();
    await sender.connect(dir.join("1"));
    fill(sender, 16);
    const sent = sender.send({ data: bytes("for the first") });
    const connecting = sender.connect(dir.join("2"));
    const sentNext = sender.send({ data: bytes("for the second") });
    assertEquals(await isPending(connecting), true);
    assertThrows(() => sender.connectSync(dir.join("2")), Deno.errors.Busy, "await that first");
    for (let data = ""; data !== "for the first";) {
      using message = await first.receive();
      data = text(message?.data);
    }
    await Promise.all([sent, connecting, sentNext]);
    assertEquals(text(second.receiveSync()?.data), "for the second");
  },
);

/** A listener whose queue is full, and how to make space in it. */
function fullListener(path: string): { listener: Listener } & Disposable {
  const listener = unix.listen(path, { backlog: 0 });
  const client = unix.connectSync(path);
  return { listener, [Symbol.dispose]: () => (client.close(), listener.close()) };
}

linuxTest("connect() to a full backlog waits until there is a place", async () => {
  using dir = tempDir();
  using full = fullListener(dir.join("a"));
  using socket = unix.socket({ type: "stream" });
  const connecting = socket.connect(dir.join("a"));
  assertEquals(await isPending(connecting), true);
  full.listener.acceptSync().close();
  await connecting;
  full.listener.acceptSync().close();
});

linuxTest(
  "connectSync() to a full backlog leaves the processor to others, longer each time",
  () => {
    using dir = tempDir();
    using _full = fullListener(dir.join("a"));
    const descriptor = new Descriptor(unix.socket({ type: "stream" }).detach(), "Socket");
    using connector = new Connector(descriptor, destinationOf(dir.join("a")), false, -1);
    assertEquals(connector.attempt(), -platform.EAGAIN);
    const waits = pollTimeouts(() => {
      for (let n = 0; n < 7; n++) connector.waitSync(-1);
      connector.waitSync(5);
    });
    assertEquals(waits, [1, 2, 4, 8, 16, 32, 32, 5]);
    descriptor.close();
  },
);

linuxTest("connectSync() to a full backlog throws TimedOut after its timeout", () => {
  using dir = tempDir();
  using _full = fullListener(dir.join("a"));
  using socket = unix.socket({ type: "stream" });
  for (const timeout of [0, 20]) {
    const attempts = [
      () => socket.connectSync(dir.join("a"), { timeout }),
      () => unix.connectSync(dir.join("a"), { timeout }).close(),
    ];
    for (const attempt of attempts) {
      const error = assertThrows(
        attempt,
        Deno.errors.TimedOut,
        `nothing changed within ${timeout} ms`,
      );
      assert("code" in error && "address" in error && "syscall" in error);
      assertObjectMatch(error, { code: "ETIMEDOUT", address: dir.join("a"), syscall: "connect" });
    }
  }
  for (const timeout of [-1, NaN, "5", null] as number[]) {
    assertThrows(
      () => socket.connectSync(dir.join("a"), { timeout }),
      RangeError,
      "number from 0",
    );
    assertThrows(
      () => unix.connectSync(dir.join("a"), { timeout }),
      RangeError,
      "number from 0",
    );
  }
});

Deno.test("a connect() to a full backlog lets the program end after unref()", async () => {
  for (const order of ["before", "after"]) {
    const program = `
      const full = unix.listen(dir + "/a", { backlog: 0 });
      unix.connectSync(dir + "/a");
      const socket = unix.socket({ type: "stream" });
      ${order === "before" ? "socket.unref();" : ""}
      socket.connect(dir + "/a");
      ${order === "after" ? "setTimeout(() => socket.unref(), 20);" : ""}
      console.log("end");
    `;
    assertEquals(await lifetime(program), "end\n", order);
  }
});

linuxTest(
  "connect() to a full backlog ends at the signal, close() and detach(), at once",
  async () => {
    using dir = tempDir();
    using _full = fullListener(dir.join("a"));
    const before = countDescriptors();
    for (const end of ["abort", "close", "detach"] as const) {
      using socket = unix.socket({ type: "stream" });
      const controller = new AbortController();
      const connecting = socket.connect(dir.join("a"), { signal: controller.signal });
      assertEquals(await isPending(connecting), true);
      if (end === "abort") {
        controller.abort(new RangeError("mine"));
        await assertRejects(() => connecting, RangeError, "mine");
      } else {
        const fd = socket[end]();
        await assertRejects(() => connecting, Deno.errors.BadResource);
        if (typeof fd === "number") Socket.adopt(fd).close();
      }
    }
    const aborted = AbortSignal.abort(new RangeError("mine"));
    using socket = unix.socket({ type: "stream" });
    await assertRejects(
      () => socket.connect(dir.join("a"), { signal: aborted }),
      RangeError,
      "mine",
    );
    await assertRejects(
      () => unix.connect(dir.join("a"), { signal: AbortSignal.timeout(20) }),
      DOMException,
    );
    socket.close();
    assertEquals(countDescriptors(), before);
  },
);
