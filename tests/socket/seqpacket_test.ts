import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { platform } from "../../ffi/platform/mod.ts";
import {
  EMPTY_MESSAGE,
  END,
  foundEnd,
  lookAhead,
  MESSAGE,
  noteTaken,
} from "../../lib/socket/seqpacket.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import { recvmsgSync } from "../../lib/msghdr/calls.ts";
import { Msghdr } from "../../lib/msghdr/msghdr.ts";
import { bytes, connected, linuxTest } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";

const { SOL_SOCKET, SO_TIMESTAMP, SO_TIMESTAMPNS, SO_TIMESTAMP_NEW, SO_PASSCRED } = platform;
const { SO_TIMESTAMPING, SO_TIMESTAMPING_NEW, SO_PEEK_OFF } = platform;

/** Time stamps by the system's clock, of messages that are received: SOF_TIMESTAMPING_RX_SOFTWARE, …_SOFTWARE. */
const RECEIVED = 0x18;

/** What is set on a socket before it is looked at. */
const PREPARATIONS: Readonly<Record<string, (socket: Socket) => void>> = {
  "no option": () => {},
  SO_TIMESTAMP: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMP, 1),
  SO_TIMESTAMPNS: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMPNS, 1),
  SO_TIMESTAMP_NEW: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMP_NEW, 1),
  SO_PASSCRED: (socket) => socket.setOption(SOL_SOCKET, SO_PASSCRED, 1),
  SO_TIMESTAMPING: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMPING, RECEIVED),
  SO_TIMESTAMPING_NEW: (socket) => socket.setOption(SOL_SOCKET, SO_TIMESTAMPING_NEW, RECEIVED),
  SO_PEEK_OFF: (socket) => socket.setOption(SOL_SOCKET, SO_PEEK_OFF, 0),
};

/** A queue that others may take from: it is looked at each time. */
const SHARED = { isAlone: false, queuedBytes: 0 } as const;

const optionsOf = (socket: Socket): number[] =>
  [
    SO_TIMESTAMP,
    SO_TIMESTAMPNS,
    SO_TIMESTAMP_NEW,
    SO_PASSCRED,
    SO_TIMESTAMPING,
    SO_TIMESTAMPING_NEW,
    SO_PEEK_OFF,
  ].map((it) => socket.getOption(SOL_SOCKET, it));

for (const [name, prepare] of Object.entries(PREPARATIONS)) {
  linuxTest(
    `lookAhead() distinguishes an empty message from the end, and leaves options alone (${name})`,
    () => {
      using pair = connected("seqpacket");
      const { a, b } = pair;
      prepare(b);
      const options = optionsOf(b);
      assertEquals(lookAhead(b.fd, SHARED), -platform.EAGAIN);
      a.sendSync({ data: bytes("") });
      assertEquals(lookAhead(b.fd, SHARED), EMPTY_MESSAGE);
      a.sendSync({ data: bytes("") });
      a.sendSync({ data: bytes("abc") });
      a.close();
      for (const size of [0, 0, 3]) {
        assertEquals(lookAhead(b.fd, SHARED), size === 0 ? EMPTY_MESSAGE : MESSAGE);
        assertEquals(b.readSync(new Uint8Array(8)), size);
      }
      assertEquals({ first: lookAhead(b.fd, SHARED), second: lookAhead(b.fd, SHARED) }, {
        first: END,
        second: END,
      });
      assertEquals(optionsOf(b), options);
    },
  );
}

linuxTest("lookAhead() makes no descriptor of those in an empty message", () => {
  using pair = connected("seqpacket");
  pair.a.sendSync({ files: [0, 1, 2, 0, 1, 2] });
  pair.a.close();
  const before = countDescriptors();
  assertEquals({ lookAhead: lookAhead(pair.b.fd, SHARED), descriptors: countDescriptors() }, {
    lookAhead: EMPTY_MESSAGE,
    descriptors: before,
  });
  using message = pair.b.receiveSync({ files: 6 });
  assertEquals(message?.files.length, 6);
});

linuxTest("lookAhead() sees the end after reading was shut down on this side", () => {
  using pair = connected("seqpacket");
  pair.a.sendSync({ data: bytes("") });
  pair.b.shutdown("read");
  assertEquals(lookAhead(pair.b.fd, SHARED), EMPTY_MESSAGE);
  pair.b.receiveSync();
  assertEquals(lookAhead(pair.b.fd, SHARED), END);
});

linuxTest("foundEnd() knows the end where another thread took the message that was seen", () => {
  using pair = connected("seqpacket");
  const { a, b } = pair;
  const found = (): boolean => foundEnd(b.fd, MESSAGE, 0);
  assertEquals({ found: found(), why: "open" }, { found: false, why: "open" });
  a.sendSync({ data: bytes("") });
  a.close();
  assertEquals({ found: found(), why: "a message" }, { found: false, why: "a message" });
  assertEquals(b.readSync(new Uint8Array(1)), 0);
  assertEquals(
    [found(), foundEnd(b.fd, EMPTY_MESSAGE, 0), foundEnd(b.fd, MESSAGE, 1)],
    [true, false, false],
  );
});

linuxTest("lookAhead() counts the bytes of all messages once, where nothing else receives", () => {
  using pair = connected("seqpacket");
  const { a, b } = pair;
  const queue = { isAlone: true, queuedBytes: 0 };
  assertEquals(lookAhead(b.fd, queue), -platform.EAGAIN);
  for (const data of ["ab", "", "cde"]) a.sendSync({ data: bytes(data) });
  const counted: number[] = [];
  for (const size of [2, 0, 3]) {
    assertEquals(lookAhead(b.fd, queue), MESSAGE);
    counted.push(queue.queuedBytes);
    assertEquals(b.readSync(new Uint8Array(8)), size);
    noteTaken(queue, size);
  }
  assertEquals({ counted, left: queue.queuedBytes }, { counted: [5, 3, 3], left: 0 });
  a.sendSync({ data: bytes("") });
  a.close();
  assertEquals(lookAhead(b.fd, queue), EMPTY_MESSAGE);
  b.readSync(new Uint8Array(8));
  assertEquals(lookAhead(b.fd, queue), END);
});

type Take = (socket: Socket, size: number) => Uint8Array | null;

function read(socket: Socket, size: number): Uint8Array | null {
  const data = new Uint8Array(size);
  const count = socket.readSync(data);
  return count === null ? null : data.subarray(0, count);
}

function recvmsg(socket: Socket, size: number): Uint8Array {
  const data = new Uint8Array(size);
  const message = new Msghdr();
  message.addVector(data);
  return data.subarray(0, recvmsgSync(socket, message));
}

/** Ways of taking a message that know the end: by the object that alone has the socket. */
const ALONE: Readonly<Record<string, Take>> = {
  read,
  receive: (socket, size) => socket.receiveSync({ size })?.data ?? null,
  buffer: (socket, size) => socket.receiveSync({ buffer: new Uint8Array(size) })?.data ?? null,
};

/** Ways that the count does not see: by the raw layer, by a duplicate. */
const BESIDE: Readonly<Record<string, Take>> = {
  recvmsg,
  duplicate(socket, size): Uint8Array | null {
    using copy = socket.dup();
    return read(copy, size);
  },
};

/** Send messages and take them in several ways, in some order, then close; what must come of it, and what came. */
function converse(steps: readonly (number | [string, number])[], ways: typeof ALONE): {
  expected: (number[] | null)[];
  seen: (number[] | null)[];
} {
  using pair = connected("seqpacket");
  const { a, b } = pair;
  const queue: number[][] = [];
  const expected: (number[] | null)[] = [];
  const seen: (number[] | null)[] = [];
  const take = (way: Take, size: number): void => {
    const data = way(b, size);
    seen.push(data === null ? null : [...data]);
    expected.push(queue.shift()?.slice(0, size) ?? null);
  };
  for (const step of steps) {
    if (typeof step === "number") {
      const data = Uint8Array.from({ length: step }, (_, i) => i + queue.length);
      a.sendSync({ data });
      queue.push([...data]);
    } else if (queue.length > 0) {
      b.receiveSync({ peek: true, size: step[1] });
      take(ways[step[0]] ?? read, step[1]);
    }
  }
  a.close();
  while (queue.length > 0) take(queue.length % 2 === 0 ? read : ALONE.receive ?? read, 8);
  take(read, 8);
  return { expected, seen };
}

for (
  const [name, ways] of [["alone", ALONE], ["beside others", { ...ALONE, ...BESIDE }]] as const
) {
  linuxTest(
    `every message comes once and before the end, to a socket that receives ${name}`,
    () => {
      const step = fc.oneof(
        fc.constantFrom(0, 0, 1, 7, 20),
        fc.tuple(fc.constantFrom(...Object.keys(ways)), fc.constantFrom(1, 7, 64)),
      );
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const { expected, seen } = converse(steps, ways);
          assertEquals(seen, expected);
        }),
        { numRuns: 300, examples: [[[5, 5, ["read", 64], ["duplicate", 64], 0]]] },
      );
    },
  );
}
