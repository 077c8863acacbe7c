import { assertEquals, assertRejects } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { HeaderSender } from "../../lib/msghdr/outgoing.ts";
import { stateOf } from "../../lib/msghdr/msghdr.ts";
import { stateOf as socketStateOf } from "../../lib/handle/socket_transfer.ts";
import { Msghdr, OwnedFd, sendmsg, unix } from "../../mod.ts";
import {
  bytes,
  collectUntil,
  connected,
  fill,
  gcTest,
  isPending,
  test,
  text,
} from "../util/cases.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";
import { readBytes } from "../util/sockets.ts";

/** A message with one vector and some files. */
function messageWith(data: Uint8Array, ...files: unix.FileLike[]): Msghdr {
  const message = new Msghdr();
  message.addVector(data);
  unix.addFiles(message, ...files);
  return message;
}

test("sendmsg() that waits sends the file it was given, not one that got its number", async () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("public"), "public");
  Deno.writeTextFileSync(dir.join("secret"), "SECRET");
  using pair = connected();
  const filled = fill(pair.a);
  const given = OwnedFd.open(dir.join("public"));
  using message = messageWith(bytes("a"), given);
  const sent = sendmsg(pair.a, message);
  assertEquals(await isPending(sent), true);
  const number = given.fd;
  given.close();
  using secret = OwnedFd.open(dir.join("secret"));
  assertEquals(secret.fd, number);
  await readBytes(pair.b, filled);
  assertEquals(await sent, 1);
  using received = pair.b.receiveSync({ files: 1 });
  const content = new Uint8Array(6);
  received?.files[0]?.readSync(content);
  assertEquals(text(content), "public");
});

test("sendmsg() that waits sends what it was given, whatever becomes of the message", async () => {
  using pair = connected("dgram");
  let filled = 0;
  try {
    for (;; filled++) pair.a.writeSync(bytes("x"), { timeout: 0 });
  } catch { /* full */ }
  const message = messageWith(bytes("ab"), 0, 1);
  message.addVector(bytes("cd"));
  const sent = sendmsg(pair.a, message);
  assertEquals(await isPending(sent), true);
  message.reset();
  message.addVector(bytes("other"));
  message.name = "/run/other";
  const before = countDescriptors();
  for (let n = 0; n < filled; n++) pair.b.receiveSync();
  assertEquals(await sent, 4);
  using received = pair.b.receiveSync({ files: 2 });
  assertEquals({ data: text(received?.data), fileCount: received?.files.length }, {
    data: "abcd",
    fileCount: 2,
  });
  assertEquals(countDescriptors(), before, "two duplicates are closed, two descriptors came");
});

test("sendmsg() that waits takes no vector that is added for one that was lost", async () => {
  using pair = connected();
  const filled = fill(pair.a);
  const lost = new Uint8Array(100);
  using message = messageWith(lost, 0);
  const sent = sendmsg(pair.a, message);
  assertEquals(await isPending(sent), true);
  structuredClone(lost, { transfer: [lost.buffer] });
  message.addVector(new Uint8Array(100));
  const refused = assertRejects(() => sent, TypeError, "detached or resized");
  await readBytes(pair.b, filled);
  await refused;
});

test("sendmsg() that cannot hold its descriptors fails, and leaves nothing open", async () => {
  using pair = connected();
  const filled = fill(pair.a);
  using first = messageWith(bytes("a"));
  const pending = sendmsg(pair.a, first);
  const before = countDescriptors();
  using message = messageWith(bytes("b"), 0, 0x7ffffffe);
  await assertRejects(() => sendmsg(pair.a, message), Deno.errors.BadResource);
  assertEquals(countDescriptors(), before);
  await readBytes(pair.b, filled);
  assertEquals(await pending, 1);
});

test("HeaderSender sends at most what the vectors had when it was made", () => {
  using pair = connected();
  const memory = new ArrayBuffer(2, { maxByteLength: 64 });
  using message = messageWith(new Uint8Array(memory));
  using sender = new HeaderSender(socketStateOf(pair.a), stateOf(message), undefined, 0, pair.a);
  sender.beforeWait();
  memory.resize(64);
  assertEquals(sender.outcome(sender.attempt()), 2);
});

testUnless(
  platform.MSG_CMSG_CLOEXEC === 0 ? "paths beyond sun_path exist on Linux only" : undefined,
  "sendmsg() with options that are wrong leaves nothing of a long destination open",
  noLeaks(async () => {
    using dir = tempDir();
    const folder = dir.join("d".repeat(100));
    Deno.mkdirSync(folder);
    using _receiver = unix.bind(`${folder}/to`);
    using sender = unix.bind(dir.join("from"));
    const before = countDescriptors();
    using message = messageWith(bytes("a"));
    message.name = `${folder}/to`;
    const throwing = {
      get signal(): never {
        throw new Error("own");
      },
    };
    for (const options of [null, throwing] as unknown as { signal?: AbortSignal }[]) {
      await assertRejects(() => sendmsg(sender, message, options));
      await assertRejects(() => sender.send({ data: bytes("a"), to: `${folder}/to` }, options));
    }
    await assertRejects(
      () => sender.send({ files: ["x"] as never, to: `${folder}/to` }),
      TypeError,
    );
    assertEquals(countDescriptors(), before);
  }),
);

gcTest("addFiles() keeps a file that nothing else refers to until it is sent", async () => {
  using pair = connected();
  using message = new Msghdr();
  message.addVector(bytes("a"));
  (() => unix.addFiles(message, OwnedFd.open("/dev/zero"), OwnedFd.open("/dev/zero")))();
  let turns = 0;
  await collectUntil(() => ++turns > 8);
  await sendmsg(pair.a, message);
  using received = pair.b.receiveSync({ files: 2 });
  assertEquals(received?.files.map((it) => it.kind()), ["character", "character"]);
});
