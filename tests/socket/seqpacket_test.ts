import { assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { EMPTY_MESSAGE, END, foundEnd, lookAhead, MESSAGE } from "../../lib/socket/seqpacket.ts";
import type { Socket } from "../../lib/handle/socket.ts";
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
      assertEquals(lookAhead(b.fd), -platform.EAGAIN);
      a.sendSync({ data: bytes("") });
      assertEquals(lookAhead(b.fd), EMPTY_MESSAGE);
      a.sendSync({ data: bytes("") });
      a.sendSync({ data: bytes("abc") });
      a.close();
      for (const size of [0, 0, 3]) {
        assertEquals(lookAhead(b.fd), size === 0 ? EMPTY_MESSAGE : MESSAGE);
        assertEquals(b.readSync(new Uint8Array(8)), size);
      }
      assertEquals({ first: lookAhead(b.fd), second: lookAhead(b.fd) }, {
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
  assertEquals({ lookAhead: lookAhead(pair.b.fd), descriptors: countDescriptors() }, {
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
  assertEquals(lookAhead(pair.b.fd), EMPTY_MESSAGE);
  pair.b.receiveSync();
  assertEquals(lookAhead(pair.b.fd), END);
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
