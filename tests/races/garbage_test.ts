/** The garbage collector against pending operations and forgotten objects. */

import { assert, assertEquals } from "@std/assert";
import { type Message, OwnedFd, type Socket, unix } from "../../mod.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { fill, pair } from "../util/cases.ts";

declare const gc: (() => void) | undefined;

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

/** Collect until no more descriptors are open than `limit`: finalizers run later, and in their own time. */
async function collectTo(limit: number): Promise<number> {
  for (let i = 0; i < 100 && countDescriptors() > limit; i++) {
    gc?.();
    await turn();
  }
  return countDescriptors();
}

Deno.test("the garbage collector can be called: the tests below need it", () => {
  assert(gc !== undefined, "Run the tests with --v8-flags=--expose-gc");
});

Deno.test(
  "what becomes garbage is closed, once",
  noLeaks(async () => {
    using dir = tempDir();
    await turn();
    const before = countDescriptors();
    const forget = (): void => {
      unix.socketpair();
      unix.listen(dir.join(crypto.randomUUID()));
      OwnedFd.memfd("forgotten");
      const [a, b] = unix.socketpair();
      a.sendSync({ data: new Uint8Array(1), files: [0, 0, 0] });
      b.receiveSync({ files: 3 });
    };
    for (let i = 0; i < 20; i++) forget();
    assert(await collectTo(before) <= before);
  }, { forgets: true }),
);

Deno.test(
  "what is closed and becomes garbage does not close its number's next owner",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const close = (): void => {
      for (let i = 0; i < 50; i++) for (const it of unix.socketpair()) it.close();
    };
    close();
    const owned = Array.from({ length: 50 }, () => pair(stack)).flat();
    await turn();
    for (let i = 0; i < 5; i++) {
      gc?.();
      await turn();
    }
    for (const socket of owned) socket.sendSync({ data: new Uint8Array(1) });
  }),
);

Deno.test(
  "a pending operation keeps its socket, its memory and its descriptors",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const senders: Socket[] = [];
    const start = (): Promise<Message | null> => {
      const [a, b] = unix.socketpair();
      senders.push(stack.use(a));
      return b.receive({ buffer: new Uint8Array(16), files: 1 }); // nothing else refers to `b`
    };
    const received = Array.from({ length: 20 }, start);
    const blocked = blockedSends(stack);
    for (let i = 0; i < 5; i++) {
      await turn();
      gc?.();
    }
    for (const sender of senders) {
      using file = OwnedFd.memfd("x", new Uint8Array([1, 2, 3]));
      sender.sendSync({ data: new Uint8Array([7, 8]), files: [file] });
    }
    for (const it of received) {
      using message = await it;
      assertEquals(message?.data, new Uint8Array([7, 8]));
      assertEquals(message?.files[0]?.readSync(new Uint8Array(8)), 3);
    }
    await checkSends(blocked);
  }, { forgets: true }),
);

Deno.test(
  "a pending read(), write() or accept() keeps what it works on",
  noLeaks(async () => {
    using dir = tempDir();
    using stack = new DisposableStack();
    const path = dir.join("s");
    const start = (): Promise<unknown>[] => {
      const [a, b] = unix.socketpair();
      const [full, drained] = unix.socketpair();
      const [c, d] = unix.socketpair();
      for (const it of [a, drained, c]) stack.use(it);
      fill(full);
      const accepting = unix.listen(path).accept();
      // Nothing else refers to the other ends any more.
      const pending = [
        b.read(new Uint8Array(1)),
        OwnedFd.adopt(d.detach()).read(new Uint8Array(1)),
      ];
      pending.push(full.write(new Uint8Array(1)));
      end = async () => {
        await Promise.all([a, c].map((it) => it.write(new Uint8Array([7]))));
        stack.use(unix.connectSync(path));
        drained.readSync(new Uint8Array(1 << 20));
        (await accepting).close();
      };
      return pending;
    };
    let end = (): Promise<void> => Promise.resolve();
    const pending = start();
    for (let i = 0; i < 5; i++) {
      await turn();
      gc?.();
    }
    await end();
    assertEquals(await Promise.all(pending), [1, 1, 1]);
  }, { forgets: true }),
);

const LENGTH = 400_000;

function blockedSends(stack: DisposableStack): Socket[] {
  return Array.from({ length: 5 }, (_, i) => {
    const [a, b] = unix.socketpair();
    const file = OwnedFd.memfd("x", new Uint8Array([i]));
    a.send({ data: new Uint8Array(LENGTH).fill(i), files: [file] }).then(() => a.close());
    return stack.use(b);
  });
}

async function checkSends(sockets: Socket[]): Promise<void> {
  for (const [i, socket] of sockets.entries()) {
    let count = 0;
    for await (using message of socket.messages({ files: 1 })) {
      count += message.data.length;
      assert(message.data.every((byte) => byte === i));
      const tag = new Uint8Array(1);
      for (const file of message.files) file.readSync(tag);
      if (message.files.length > 0) assertEquals(tag[0], i);
    }
    assertEquals(count, LENGTH);
  }
}
