/** What a send that waits costs: descriptors, memory and processor time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import process from "node:process";
import { addFiles, constants } from "../../lib/unix/mod.ts";
import { Msghdr, sendmsg, sendmsgSync, unix } from "../../mod.ts";
import { bytes, connected, fill, isPending, linuxTest, test } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";

/** A receiver whose queue is full, and a sender that is not connected to it. */
function fullInbox(
  dir: string,
): Disposable & { inbox: unix.Socket; sender: unix.Socket; to: string } {
  const to = `${dir}/inbox`;
  const inbox = unix.bind(to);
  const filler = unix.connectSync(to, { type: "dgram" });
  fill(filler, 1);
  filler.close();
  const sender = unix.bind(`${dir}/sender`);
  return {
    inbox,
    sender,
    to,
    [Symbol.dispose](): void {
      inbox.close();
      sender.close();
    },
  };
}

/** Sends to a full inbox, in each way there is. */
const SENDS: Readonly<
  Record<string, (sender: unix.Socket, to: string, signal?: AbortSignal) => Promise<number>>
> = {
  send: (sender, to, signal) =>
    sender.send({ data: bytes("a"), files: [0], to }, signal === undefined ? {} : { signal }),
  sendmsg: (sender, to, signal) => {
    const message = new Msghdr();
    message.addVector(bytes("a"));
    addFiles(message, 0);
    message.name = to;
    return sendmsg(sender, message, signal === undefined ? {} : { signal });
  },
};

for (const [name, send] of Object.entries(SENDS)) {
  linuxTest(
    `${name}() to a full queue closes its probe and its duplicates, however it ends`,
    async () => {
      using dir = tempDir();
      using made = fullInbox(dir.path);
      // The first wait may open what the reactor keeps.
      const warm = new AbortController();
      const first = send(made.sender, made.to, warm.signal);
      assertEquals(await isPending(first), true);
      warm.abort();
      await assertRejects(() => first);
      const before = countDescriptors();
      for (let n = 0; n < 5; n++) {
        const abort = new AbortController();
        const sent = send(made.sender, made.to, abort.signal);
        assertEquals(await isPending(sent), true);
        abort.abort("enough");
        assertEquals(await assertRejects(() => sent), "enough");
        assertEquals(countDescriptors(), before);
      }
      const sent = send(made.sender, made.to);
      // The event may come late: what is not there is not waited for.
      while (await isPending(sent)) {
        if (made.inbox.bytesAvailable > 0) made.inbox.readSync(new Uint8Array(1));
      }
      assertEquals({ sent: await sent, descriptors: countDescriptors() }, {
        sent: 1,
        descriptors: before,
      });
    },
  );

  linuxTest(`${name}() to a full queue sleeps while it waits`, async () => {
    using dir = tempDir();
    using made = fullInbox(dir.path);
    const abort = new AbortController();
    const sent = send(made.sender, made.to, abort.signal);
    assertEquals(await isPending(sent), true);
    // Other threads of the process, such as those of the compiler, may be at work in one wait, but not in each.
    let least = Infinity;
    for (let n = 0; n < 5 && least >= 50_000; n++) {
      const before = process.cpuUsage();
      await new Promise((resolve) => setTimeout(resolve, 500));
      const { user, system } = process.cpuUsage(before);
      least = Math.min(least, user + system);
    }
    abort.abort();
    await assertRejects(() => sent);
    assert(least < 50_000, `${least} µs of processor time in 500 ms`);
  });
}

test("a message that has gone out in part holds no descriptors any more", async () => {
  using pair = connected();
  const abort = new AbortController();
  const { signal } = abort;
  const big = new Uint8Array(4 << 20);
  // The first one makes the reactor open what it keeps.
  const first = pair.a.send({ data: big, files: [0, 1, 2] }, { signal });
  assertEquals(await isPending(first), true);
  abort.abort();
  await assertRejects(() => first);
  using other = connected();
  const before = countDescriptors();
  const again = new AbortController();
  const sent = other.a.send({ data: big, files: [0, 1, 2] }, { signal: again.signal });
  assertEquals(await isPending(sent), true);
  assertEquals(countDescriptors(), before);
  again.abort();
  await assertRejects(() => sent);
});

linuxTest(
  "sendmsgSync() to a full queue times out after the socket's time limit, and leaves nothing open",
  () => {
    using dir = tempDir();
    using made = fullInbox(dir.path);
    made.sender.sendTimeout = 2;
    const message = new Msghdr();
    message.addVector(bytes("a"));
    message.name = made.to;
    const before = countDescriptors();
    for (const flags of [0, constants.MSG_DONTWAIT ?? 0]) {
      try {
        sendmsgSync(made.sender, message, { flags });
        assert(false, "the queue is full");
      } catch (error) {
        assert(error instanceof Deno.errors.WouldBlock);
      }
      assertEquals(countDescriptors(), before);
    }
  },
);
