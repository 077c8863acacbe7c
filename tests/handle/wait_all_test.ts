// A process of its own, because it looks at what the first use in a process opens.

import { assert, assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { setIntOption } from "../../lib/socket/options.ts";
import {
  bytes,
  connected,
  isPending,
  linuxTest,
  rootTest,
  test,
  text,
  untilTaken,
} from "../util/cases.ts";
import { changes, countDescriptors, listDescriptors } from "../util/descriptors.ts";
import { RECEIVES } from "../util/sockets.ts";

const own = { uid: Deno.uid() ?? 0, gid: Deno.gid() ?? 0 };

for (const [name, receive] of Object.entries(RECEIVES)) {
  test(`${name}() with waitAll fills its memory`, async () => {
    using pair = connected();
    for (let n = 0; n < 5; n++) pair.a.writeSync(bytes("ab"));
    using first = await receive(pair.b, { size: 7, waitAll: true });
    assertEquals(text(first?.data), "abababa");
    const pieces = [new Uint8Array(1), new Uint8Array(2)];
    using rest = await receive(pair.b, { buffer: pieces, waitAll: true });
    assertEquals({ data: text(rest?.data), pieces: pieces.map(text) }, {
      data: "bab",
      pieces: ["b", "ab"],
    });
  });

  test(`${name}() with waitAll into no space returns at once, though nothing has come`, async () => {
    using pair = connected();
    using message = await receive(pair.b, { buffer: new Uint8Array(0), waitAll: true });
    assertEquals(message?.data.byteLength, 0);
  });

  test(`${name}() with waitAll stops at the end, and at descriptors`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("ab"));
    pair.a.sendSync({ data: bytes("cd"), files: [0] });
    pair.a.sendSync({ data: bytes("ef"), files: [1] });
    pair.a.writeSync(bytes("gh"));
    pair.a.close();
    const all: [string, number][] = [];
    for (;;) {
      using message = await receive(pair.b, { size: 64, files: 4, waitAll: true });
      if (message === null) break;
      all.push([text(message.data), message.files.length]);
    }
    // Plain data may come together with what follows it, never with what was before.
    assertEquals(all.map(([data]) => data).join(""), "abcdefgh");
    assertEquals(all.map(([, count]) => count).filter((it) => it > 0), [1, 1]);
    const second = all.findIndex(([data]) => data.startsWith("ef"));
    assert(second > 0);
    assertEquals(all[second]?.[1], 1);
  });

  linuxTest(`${name}() with waitAll keeps bytes of an unknown sender apart`, async () => {
    using pair = connected();
    pair.a.writeSync(bytes("evil"));
    pair.b.passCredentials = true;
    pair.a.writeSync(bytes("good"));
    using first = await receive(pair.b, { size: 8, waitAll: true });
    assertEquals({ data: text(first?.data), credentials: first?.credentials }, {
      data: "evil",
      credentials: undefined,
    });
    pair.a.close();
    using second = await receive(pair.b, { size: 8, waitAll: true });
    assertEquals({ data: text(second?.data), pid: second?.credentials?.pid }, {
      data: "good",
      pid: Deno.pid,
    });
  });

  rootTest(`${name}() with waitAll keeps the bytes of two senders apart`, async () => {
    using pair = connected();
    pair.b.passCredentials = true;
    for (const [data, pid] of [["ab", 1], ["cd", 1], ["ef", Deno.pid]] as const) {
      pair.a.sendSync({ data: bytes(data), credentials: { pid, ...own } });
    }
    pair.a.close();
    using first = await receive(pair.b, { size: 8, waitAll: true });
    assertEquals({ data: text(first?.data), pid: first?.credentials?.pid }, {
      data: "abcd",
      pid: 1,
    });
    using second = await receive(pair.b, { size: 8, waitAll: true });
    assertEquals({ data: text(second?.data), pid: second?.credentials?.pid }, {
      data: "ef",
      pid: Deno.pid,
    });
  });

  linuxTest(
    `${name}() with waitAll leaves no descriptor of a process that it has looked at`,
    async () => {
      using pair = connected();
      pair.b.passPidfd = true;
      for (const data of ["ab", "cd"]) pair.a.writeSync(bytes(data));
      const before = listDescriptors();
      for (const data of ["ab", "cd"]) {
        using message = await receive(pair.b, { size: 2, waitAll: true });
        assertEquals({ data: text(message?.data), kind: message?.pidfd?.kind() }, {
          data,
          kind: "pidfd",
        });
      }
      // Of this first use in the process, too: what is made once and kept would be a descriptor of another's.
      assertEquals(changes(before, listDescriptors()), []);
    },
  );

  linuxTest(
    `${name}() with waitAll stops at a message with the descriptor of a process`,
    async () => {
      using pair = connected();
      pair.b.passPidfd = true;
      for (const data of ["ab", "cd"]) pair.a.writeSync(bytes(data));
      pair.a.close();
      const seen: string[] = [];
      for (;;) {
        using message = await receive(pair.b, { size: 3, waitAll: true });
        if (message === null) break;
        assertEquals(message.pidfd?.kind(), "pidfd");
        seen.push(text(message.data));
      }
      // One call of the kernel's puts together what one sender wrote.
      assertEquals(seen, ["abc", "d"]);
    },
  );

  linuxTest(
    `${name}() with waitAll makes no descriptor when it looks up the next sender`,
    async () => {
      using pair = connected();
      pair.b.passCredentials = true;
      pair.a.writeSync(bytes("ab"));
      pair.a.sendSync({ data: bytes("cd"), files: [0, 1, 2] });
      const before = countDescriptors();
      using message = await receive(pair.b, { size: 4, waitAll: true });
      assertEquals({
        data: text(message?.data),
        files: message?.files,
        controlTruncated: message?.controlTruncated,
      }, { data: "abcd", files: [], controlTruncated: true });
      assertEquals(countDescriptors(), before);
    },
  );
}

linuxTest(
  "receive() with waitAll does not wait for more than came with the descriptor of a process",
  async () => {
    for (const receive of Object.values(RECEIVES)) {
      using pair = connected();
      pair.b.passPidfd = true;
      pair.b.receiveTimeout = 1000;
      pair.a.writeSync(bytes("ab"));
      const before = countDescriptors();
      using message = await receive(pair.b, { size: 4, waitAll: true });
      assertEquals(text(message?.data), "ab");
      assertEquals(
        countDescriptors(),
        before + 1,
        "one for the message, none of the look before it",
      );
    }
  },
);

rootTest(
  "receive() with waitAll keeps senders apart once another process has asked for them",
  async () => {
    using pair = connected();
    pair.a.writeSync(bytes("plain"));
    using _first = await pair.b.receive({ size: 5, waitAll: true });
    // The open file is the same as that of a duplicate elsewhere.
    setIntOption(pair.b.fd, platform.SOL_SOCKET, platform.SO_PASSCRED, 1);
    for (const [data, pid] of [["ab", 1], ["cd", Deno.pid]] as const) {
      pair.a.sendSync({ data: bytes(data), credentials: { pid, ...own } });
    }
    using second = await pair.b.receive({ size: 4, waitAll: true });
    assertEquals({ data: text(second?.data), pid: second?.credentials?.pid }, {
      data: "ab",
      pid: 1,
    });
  },
);

linuxTest(
  "receive() with waitAll ends in front of the first sender that is known, as another process has asked meanwhile",
  async () => {
    using pair = connected();
    const received = pair.b.receive({ size: 4, waitAll: true });
    pair.a.writeSync(bytes("ab"));
    await untilTaken(pair.b);
    assertEquals(await isPending(received), true);
    setIntOption(pair.b.fd, platform.SOL_SOCKET, platform.SO_PASSCRED, 1);
    pair.a.sendSync({ data: bytes("cd"), credentials: { pid: Deno.pid, ...own } });
    using first = await received;
    assertEquals({ data: text(first?.data), credentials: first?.credentials }, {
      data: "ab",
      credentials: undefined,
    });
    using second = await pair.b.receive({ size: 2, waitAll: true });
    assertEquals({ data: text(second?.data), pid: second?.credentials?.pid }, {
      data: "cd",
      pid: Deno.pid,
    });
  },
);

rootTest("receive() with waitAll looks up the sender after a wait, too", async () => {
  using pair = connected();
  pair.b.passCredentials = true;
  const received = pair.b.receive({ size: 8, waitAll: true });
  for (const [data, pid] of [["ab", 1], ["cd", 1], ["ef", Deno.pid]] as const) {
    pair.a.sendSync({ data: bytes(data), credentials: { pid, ...own } });
    if (data !== "ef") assertEquals(await isPending(received), true);
  }
  using message = await received;
  assertEquals({ data: text(message?.data), pid: message?.credentials?.pid }, {
    data: "abcd",
    pid: 1,
  });
  assertEquals(text((await pair.b.receive())?.data), "ef");
});

linuxTest(
  "bytes of an aborted waitAll keep their sender, and are not joined with another's",
  async () => {
    using pair = connected();
    pair.a.writeSync(bytes("evil"));
    pair.b.passCredentials = true;
    const abort = new AbortController();
    const received = pair.b.receive({ size: 8, waitAll: true, signal: abort.signal });
    assertEquals(await isPending(received), true);
    abort.abort();
    await received.catch(() => {});
    pair.a.writeSync(bytes("good"));
    using first = await pair.b.receive({ size: 8, waitAll: true });
    assertEquals({ data: text(first?.data), credentials: first?.credentials }, {
      data: "evil",
      credentials: undefined,
    });
    const again = new AbortController();
    const more = pair.b.receive({ size: 8, waitAll: true, signal: again.signal });
    assertEquals(await isPending(more), true);
    again.abort();
    await more.catch(() => {});
    using second = await pair.b.receive();
    assertEquals({ data: text(second?.data), pid: second?.credentials?.pid }, {
      data: "good",
      pid: Deno.pid,
    });
  },
);

test("receive() with waitAll ends with an error of the socket, and keeps what came before", async () => {
  using pair = connected();
  pair.b.writeSync(bytes("unread"));
  pair.a.writeSync(bytes("ab"));
  pair.a.close();
  // The peer has closed with data unread: the kernel reports that once, before or after the bytes.
  const results: string[] = [];
  for (let n = 0; n < 4; n++) {
    const it = await pair.b.receive({ size: 8, waitAll: true }).catch((error: Error) => error);
    results.push(it instanceof Error ? it.name : text(it?.data));
  }
  assertEquals(results.filter((it) => it !== "ConnectionReset").join(""), "ab");
});

rootTest(
  "a receive with waitAll knows its sender, whatever other sockets receive meanwhile",
  async () => {
    using pair = connected();
    using other = connected();
    other.b.passCredentials = true;
    const receiveFrom = (pid: number): void => {
      other.a.sendSync({ data: bytes("xyz"), credentials: { pid, ...own } });
      using known = other.b.receiveSync({ size: 3, waitAll: true });
      assertEquals(known?.credentials?.pid, pid);
    };
    receiveFrom(Deno.pid);
    pair.a.writeSync(bytes("ab"));
    const received = pair.b.receive({ size: 4, waitAll: true });
    assertEquals(await isPending(received), true);
    receiveFrom(1);
    pair.a.writeSync(bytes("cd"));
    using message = await received;
    assertEquals({ data: text(message?.data), credentials: message?.credentials }, {
      data: "abcd",
      credentials: undefined,
    });
  },
);
