/** A message used again: what changes between two calls of `sendmsg` and `recvmsg`. */

import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Msghdr, recvmsgSync, sendmsgSync, unix } from "../../mod.ts";
import { bytes, connected, test, text, unemulatedTest } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { messageOf } from "../util/sockets.ts";

const { MSG_DONTWAIT, SOL_SOCKET, SCM_RIGHTS } = platform;

/** Send `out`, and show what arrives: the text, and how many descriptors came along. */
function exchanged(out: Msghdr): [string, number] {
  using pair = connected();
  sendmsgSync(pair.a, out);
  using got = pair.b.receiveSync({ files: 8 });
  return [text(got?.data), got?.files.length ?? -1];
}

test("a message that is sent again has its current content", () => {
  const memory = new Uint8Array(new ArrayBuffer(3, { maxByteLength: 8 })).fill(97);
  using out = messageOf(memory);
  assertEquals({ first: exchanged(out), second: exchanged(out) }, {
    first: ["aaa", 0],
    second: ["aaa", 0],
  });
  memory.fill(98);
  assertEquals(exchanged(out), ["bbb", 0]);
  memory.buffer.resize(2);
  assertEquals(exchanged(out), ["bb", 0]);
  unix.addFiles(out, 0);
  assertEquals({ first: exchanged(out), second: exchanged(out) }, {
    first: ["bb", 1],
    second: ["bb", 1],
  });
  out.addVector(bytes("c"));
  assertEquals({ first: exchanged(out), second: exchanged(out) }, {
    first: ["bbc", 1],
    second: ["bbc", 1],
  });
  unix.addFiles(out, 0, 0);
  assertEquals(exchanged(out), ["bbc", 3]);
  memory.buffer.resize(8);
  assertEquals(exchanged(out)[0].length, 9);
  out.reset();
  out.addVector(bytes("d"));
  assertEquals({ first: exchanged(out), second: exchanged(out) }, {
    first: ["d", 0],
    second: ["d", 0],
  });
});

test("memory that is detached between two calls is not touched again", () => {
  using pair = connected();
  for (const count of [1, 2]) {
    const pieces = Array.from({ length: count }, () => new Uint8Array(64).fill(97));
    using out = messageOf(...pieces);
    using into = messageOf(...pieces.map((it) => it.slice()));
    assertEquals({ sent: sendmsgSync(pair.a, out), received: recvmsgSync(pair.b, into) }, {
      sent: 64 * count,
      received: 64 * count,
    });
    const moved = pieces.map((it) => new Uint8Array(it.buffer.transfer()));
    assertEquals(sendmsgSync(pair.a, out), 0);
    unix.addFiles(out, 0);
    assertThrows(() => sendmsgSync(pair.a, out), TypeError, "byte");
    for (const it of moved) assertEquals(it.every((byte) => byte === 97), true);
  }
});

test("a payload that is transferred between two calls is noticed", () => {
  using pair = connected();
  using out = messageOf(bytes("a"));
  const payload = out.addControl(4, SOL_SOCKET, SCM_RIGHTS);
  assertEquals(sendmsgSync(pair.a, out), 1); // descriptor 0, as the payload is zeroed
  (payload.buffer as ArrayBuffer).transfer();
  assertThrows(() => sendmsgSync(pair.a, out), TypeError, "transferred");
});

test("what is added to a message after receives counts from the next one on", () => {
  const additions: Record<string, (into: Msghdr) => unknown> = {
    allocFiles: (into) => unix.allocFiles(into, 1),
    addControl: (into) => into.addControl(4, SOL_SOCKET, SCM_RIGHTS),
    addVector: (into) => into.addVector(new Uint8Array(1)),
  };
  for (const [name, add] of Object.entries(additions)) {
    using pair = connected();
    const size = 5000; // more than what is copied
    using into = messageOf(new Uint8Array(size));
    for (let n = 0; n < 3; n++) {
      pair.a.writeSync(bytes("x"));
      assertEquals(recvmsgSync(pair.b, into), 1);
    }
    add(into);
    pair.a.sendSync({ data: new Uint8Array(size + 1), files: [0] });
    const received = recvmsgSync(pair.b, into) - size;
    const files = unix.recvFiles(into);
    for (const it of files) it.close();
    assertEquals(
      { received, files: files.length },
      name === "addVector" ? { received: 1, files: 0 } : { received: 0, files: 1 },
      name,
    );
  }
});

test("one message serves to send, to receive and to send to an address in turn", () => {
  using dir = tempDir();
  using pair = connected();
  using inbox = unix.bind(dir.join("inbox"));
  using outbox = unix.bind(dir.join("outbox"));
  using both = messageOf(bytes("abc"));
  unix.addFiles(both, 0);
  for (let round = 0; round < 3; round++) {
    assertEquals({ sent: sendmsgSync(pair.a, both), received: recvmsgSync(pair.b, both) }, {
      sent: 3,
      received: 3,
    });
    assertEquals({
      name: both.name,
      fileCount: unix.recvFiles(both).map((it) => it.close()).length,
    }, { name: null, fileCount: 1 });
    both.name = dir.join("inbox");
    assertEquals({ sent: sendmsgSync(outbox, both), received: recvmsgSync(inbox, both) }, {
      sent: 3,
      received: 3,
    });
    assertEquals(both.name, dir.join("outbox"));
    assertEquals(unix.recvFiles(both).map((it) => it.close()).length, 1);
    assertThrows(() => recvmsgSync(inbox, both, { flags: MSG_DONTWAIT }), Deno.errors.WouldBlock);
    assertEquals({ bytesReceived: both.bytesReceived, files: unix.recvFiles(both) }, {
      bytesReceived: 0,
      files: [],
    });
    both.name = null;
  }
});

unemulatedTest(
  "descriptors without data are refused on a stream, although they went out as a datagram before",
  () => {
    using pair = connected("dgram");
    using stream = connected();
    using out = new Msghdr();
    unix.addFiles(out, 0);
    for (let n = 0; n < 2; n++) {
      assertEquals(sendmsgSync(pair.a, out), 0);
      using got = pair.b.receiveSync({ files: 1 });
      assertEquals(got?.files.length, 1);
    }
    assertThrows(() => sendmsgSync(stream.a, out), TypeError, "byte");
  },
  "QEMU sends no message without vectors",
);
