/** Memory that moves, shrinks or is taken away: what is sent and received is right, or a clear error. */

import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { Msghdr, OwnedFd, recvmsgSync, sendmsgSync, type Socket, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { fill, pair, untilTaken } from "../util/cases.ts";

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0));

function pattern(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + seed) & 0xff);
}

declare const gc: (() => void) | undefined;

/** Move what can be moved. */
function collect(): void {
  const garbage: Uint8Array[] = [];
  for (let i = 0; i < 2000; i++) garbage.push(new Uint8Array(48));
  gc?.();
}

/** Memory of every sort, with what can happen to it between two calls without a change of its length. */
const memories: Record<string, () => { bytes: Uint8Array; move(): void }> = {
  "in V8's heap": () => {
    const bytes = new Uint8Array(40); // small arrays have no memory of their own at first
    return { bytes, move: collect };
  },
  "a part of a larger buffer": () => ({
    bytes: new Uint8Array(new ArrayBuffer(4096), 100, 40),
    move: collect,
  }),
  "resizable, resized in place": () => {
    const buffer = new ArrayBuffer(4096, { maxByteLength: 1 << 20 });
    return {
      bytes: new Uint8Array(buffer, 100, 40),
      move: () => {
        buffer.resize(1 << 20);
        buffer.resize(50); // out of bounds for a moment
        buffer.resize(8192);
      },
    };
  },
  "tracking the length of its buffer": () => {
    const buffer = new ArrayBuffer(40, { maxByteLength: 1 << 20 });
    return {
      bytes: new Uint8Array(buffer),
      move: () => {
        buffer.resize(1 << 20);
        collect();
        buffer.resize(40);
      },
    };
  },
  "shared and grown": () => {
    const buffer = new SharedArrayBuffer(4096, { maxByteLength: 1 << 20 });
    let length = 4096;
    return { bytes: new Uint8Array(buffer, 8, 40), move: () => buffer.grow(length += 4096) };
  },
  "of WebAssembly": () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 4 });
    return { bytes: new Uint8Array(memory.buffer, 8, 40), move: collect };
  },
  "of a shared WebAssembly memory that grows": () => {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 100, shared: true });
    return { bytes: new Uint8Array(memory.buffer, 8, 40), move: () => void memory.grow(1) };
  },
};

for (const [name, make] of Object.entries(memories)) {
  Deno.test(
    `Msghdr uses memory where it lies: ${name}`,
    noLeaks(() => {
      using stack = new DisposableStack();
      const [a, b] = pair(stack, "seqpacket");
      const [from, to] = [make(), make()];
      using out = new Msghdr();
      out.addVector(from.bytes);
      using into = new Msghdr();
      into.addVector(to.bytes);
      for (let i = 0; i < 6; i++) {
        from.bytes.set(pattern(40, i));
        to.bytes.fill(0);
        assertEquals(sendmsgSync(a, out), 40);
        assertEquals(recvmsgSync(b, into), 40);
        assertEquals(to.bytes.slice(), pattern(40, i));
        from.move();
        to.move();
      }
    }),
  );
}

/** What takes memory away for good. */
const losses: Record<string, () => { bytes: Uint8Array; lose(): void }> = {
  "transferred": () => {
    const bytes = new Uint8Array(new ArrayBuffer(4096), 0, 4000);
    return { bytes, lose: () => void (bytes.buffer as ArrayBuffer).transfer() };
  },
  "sent to another thread": () => {
    const bytes = new Uint8Array(4000);
    return { bytes, lose: () => void structuredClone(bytes, { transfer: [bytes.buffer] }) };
  },
  "shrunk": () => {
    const buffer = new ArrayBuffer(4000, { maxByteLength: 8000 });
    return { bytes: new Uint8Array(buffer), lose: () => buffer.resize(10) };
  },
  "shrunk below its offset": () => {
    const buffer = new ArrayBuffer(8000, { maxByteLength: 8000 });
    return { bytes: new Uint8Array(buffer, 4000, 4000), lose: () => buffer.resize(10) };
  },
  "of WebAssembly, which grows": () => {
    const memory = new WebAssembly.Memory({ initial: 1 });
    return { bytes: new Uint8Array(memory.buffer, 0, 4000), lose: () => void memory.grow(10) };
  },
};

for (const [name, make] of Object.entries(losses)) {
  Deno.test(
    `send() of memory that is ${name} while it waits is a TypeError`,
    noLeaks(async () => {
      using stack = new DisposableStack();
      const [a, b] = pair(stack);
      fill(a);
      const { bytes, lose } = make();
      const sending = a.send({ data: [bytes, new Uint8Array(5)], files: [0] });
      const plain = a.send({ data: bytes });
      await turn();
      lose();
      b.receiveSync({ size: 1 << 20 });
      await assertRejects(() => sending, TypeError, "detached or resized");
      await assertRejects(() => plain, TypeError, "detached or resized");
      await a.send({ data: new Uint8Array(3) });
    }),
  );

  Deno.test(
    `write() of memory that is ${name} while it waits is a TypeError`,
    noLeaks(async () => {
      using stack = new DisposableStack();
      const [a, b] = pair(stack);
      const sent = fill(a);
      const { bytes, lose } = make();
      const writing = a.write(bytes);
      await turn();
      lose();
      let received = b.receiveSync({ size: 1 << 20 })?.data.byteLength ?? 0;
      await assertRejects(() => writing, TypeError, "detached or resized");
      await a.write(new Uint8Array(3));
      a.close();
      for await (const { byteLength } of b.readable) received += byteLength;
      assertEquals(received, sent + 3);
    }),
  );

  Deno.test(
    `receive() into memory that is ${name} while it waits loses nothing`,
    noLeaks(async () => {
      for (const waitAll of [false, true]) {
        using stack = new DisposableStack();
        const [a, b] = pair(stack);
        const { bytes, lose } = make();
        const receiving = b.receive({ buffer: bytes, files: 1, waitAll });
        await turn();
        lose();
        a.sendSync({ data: pattern(100, 1), files: [0] });
        await assertRejects(() => receiving, TypeError, "detached or resized");
        using message = await b.receive({ files: 1 });
        assertEquals({ data: message?.data, fileCount: message?.files.length }, {
          data: pattern(100, 1),
          fileCount: 1,
        });
      }
    }),
  );

  Deno.test(
    `Msghdr touches no memory that is ${name}`,
    noLeaks(() => {
      using stack = new DisposableStack();
      const [a, b] = pair(stack, "seqpacket");
      const { bytes, lose } = make();
      using out = new Msghdr();
      out.addVector(bytes);
      using into = new Msghdr();
      into.addVector(bytes);
      assertEquals(sendmsgSync(a, out), 4000);
      assertEquals(recvmsgSync(b, into), 4000);
      lose();
      const left = bytes.byteLength;
      assertEquals(sendmsgSync(a, out), left);
      a.sendSync({ data: pattern(4000, 0) });
      assertEquals(recvmsgSync(b, into), left);
      assertEquals(recvmsgSync(b, into), left);
    }),
  );
}

Deno.test(
  "read() of a pipe into memory that grows while it waits takes what fitted at the call",
  noLeaks(async () => {
    const [reader, writer] = OwnedFd.pipe();
    using _reader = reader;
    using _writer = writer;
    const buffer = new ArrayBuffer(10, { maxByteLength: 1000 });
    const reading = reader.read(new Uint8Array(buffer));
    await turn();
    buffer.resize(1000);
    writer.writeSync(pattern(100, 1));
    assertEquals({ count: await reading, rest: new Uint8Array(buffer, 10) }, {
      count: 10,
      rest: new Uint8Array(990),
    });
  }),
);

Deno.test(
  "receive() with waitAll takes nothing once the memory is lost",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const buffer = new Uint8Array(100);
    const receiving = b.receive({ buffer, waitAll: true });
    a.sendSync({ data: pattern(60, 1) });
    await untilTaken(b);
    structuredClone(buffer, { transfer: [buffer.buffer] });
    a.sendSync({ data: pattern(60, 2) });
    await assertRejects(() => receiving, TypeError, "detached or resized");
    // The first part went with the memory, to its new owner.
    assertEquals((await b.receive())?.data, pattern(60, 2));
  }),
);

Deno.test(
  "false lengths are not trusted",
  noLeaks(() => {
    class Liar extends Uint8Array {
      override get byteLength(): number {
        return 1 << 20;
      }
    }
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const send: ((bytes: Uint8Array) => void)[] = [
      (bytes) => a.writeSync(bytes),
      (bytes) => a.sendSync({ data: bytes }),
      (bytes) => a.sendSync({ data: [bytes, bytes] }),
      (bytes) => {
        using message = new Msghdr();
        message.addVector(bytes);
        sendmsgSync(a, message);
      },
    ];
    for (const one of send) {
      for (const liar of [new Liar(16), own()]) {
        one(liar);
        assertEquals(b.receiveSync()?.data.every((byte) => byte === 0), true);
      }
    }
    // Sixteen bytes to read into, no more: the rest stays.
    a.sendSync({ data: pattern(100, 0) });
    assertEquals(b.readSync(new Liar(16)), 16);
    assertEquals(b.receiveSync({ buffer: new Liar(16) })?.data.length, 16);
    assertEquals(b.receiveSync({ buffer: [new Liar(16), own()] })?.data.length, 32);
    assertEquals(b.bytesAvailable, 36);
  }),
);

function own(): Uint8Array {
  return Object.defineProperty(new Uint8Array(16), "byteLength", { value: 1 << 20 });
}

Deno.test(
  "options that change what they describe while they are read",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const [a, b] = pair(stack);
    const bytes = new Uint8Array(64);
    await assertRejects(
      () =>
        a.send({
          data: bytes,
          get files(): number[] {
            structuredClone(bytes, { transfer: [bytes.buffer] });
            return [0];
          },
        }),
      TypeError,
    );
    // A descriptor is asked for its number once.
    let asked = 0;
    const file = {
      get fd(): number {
        return asked++ === 0 ? 0 : 987654;
      },
    };
    await a.send({ data: pattern(3, 0), files: [file] });
    using message = await b.receive({ files: 1 });
    assertEquals({ fileCount: message?.files.length, asked }, { fileCount: 1, asked: 1 });
    // An array that grows while it is gone through.
    const files: unknown[] = [0];
    files.push({
      get fd(): number {
        if (files.length < 300) files.push(...Array(300).fill(0));
        return 0;
      },
    });
    await tryToSend(a, files as number[]);
    closesItself(a);
  }),
);

/** Either it is refused, or it is sent: more than 253 descriptors never reach the kernel. */
async function tryToSend(socket: Socket, files: number[]): Promise<void> {
  try {
    await socket.send({ data: pattern(3, 0), files });
  } catch (error) {
    assertEquals(error instanceof RangeError, true);
  }
}

/** A getter that closes the socket in the middle of the call. */
function closesItself(socket: Socket): void {
  const message = {
    get data(): Uint8Array {
      socket.close();
      return pattern(3, 0);
    },
  };
  assertThrows(() => socket.sendSync(message), Deno.errors.BadResource);
  assertThrows(() => unix.connectSync(""), TypeError);
}
