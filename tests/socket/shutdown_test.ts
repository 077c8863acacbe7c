/** Writes that wait for send space when a side is shut down: poll(2) reports nothing to them. */

import { assertEquals, assertRejects } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { shutdown } from "../../ffi/syscalls/sockets.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { sendmsg } from "../../lib/msghdr/calls.ts";
import { discardUnread } from "../../lib/socket/shutdown.ts";
import { bind } from "../../lib/unix/bind.ts";
import { socket } from "../../lib/unix/socket.ts";
import { bytes, connected, fill, isPending, linuxTest, PAIRED, test } from "../util/cases.ts";
import { messageOf } from "../util/sockets.ts";
import { tempDir } from "../util/tempdir.ts";

const WRITES: Readonly<Record<string, (socket: Socket) => Promise<number>>> = {
  write: (socket) => socket.write(new Uint8Array(100)),
  send: (socket) => socket.send({ data: new Uint8Array(100) }),
  sendmsg: (socket) => sendmsg(socket, messageOf(new Uint8Array(100))),
};

type End = (a: Socket, b: Socket) => unknown;

const ENDS: Readonly<Record<string, End>> = {
  'its own shutdown("write")': (a) => a.shutdown("write"),
  'its own shutdown("both")': (a) => a.shutdown("both"),
  "the end of its own writable": (a) => a.writable.abort(),
  "cancelling the peer's readable": (_, b) => b.readable.cancel(),
};

for (const type of PAIRED) {
  for (const [name, write] of Object.entries(WRITES)) {
    for (const [what, end] of Object.entries(ENDS)) {
      test(`${name}() that waits ends with BrokenPipe after ${what} (${type})`, async () => {
        using pair = connected(type);
        fill(pair.a);
        const pending = write(pair.a);
        assertEquals(await isPending(pending), true);
        await end(pair.a, pair.b);
        await assertRejects(() => pending, Deno.errors.BrokenPipe);
      });
    }
  }
}

test("a send to an address that waits ends after its own shutdown", async () => {
  using dir = tempDir();
  using _receiver = bind(`${dir.path}/full`);
  using sender = socket();
  await sender.connect(`${dir.path}/full`);
  fill(sender);
  await sender.connect(null);
  const pending = sender.send({ data: bytes("a"), to: `${dir.path}/full` });
  assertEquals(await isPending(pending), true);
  sender.shutdown("write");
  await assertRejects(() => pending, Deno.errors.BrokenPipe);
});

test("reading what has come goes on after shutdown, and gives a write of the peer its end", async () => {
  using pair = connected();
  const length = fill(pair.a);
  const pending = pair.a.write(bytes("a"));
  pair.b.shutdown("read");
  assertEquals(await isPending(pending), true);
  const data = new Uint8Array(length);
  for (let count = 0; count < length;) {
    count += await pair.b.read(data.subarray(count)) ?? length;
  }
  await assertRejects(() => pending, Deno.errors.BrokenPipe);
});

linuxTest("discardUnread() takes all messages of a socket, empty ones too", () => {
  for (const type of ["seqpacket", "dgram"] as const) {
    using pair = connected(type);
    for (const text of ["", "a", "", "bc"]) pair.a.sendSync({ data: bytes(text) });
    shutdown(pair.b.fd, platform.SHUT_RD);
    discardUnread(pair.b.fd, new Uint8Array(1));
    assertEquals(pair.b.bytesAvailable, 0);
  }
});
