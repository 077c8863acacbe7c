import { assertEquals } from "@std/assert";
import { delimited, Frames } from "../../lib/frames/mod.ts";
import { Socket, unix } from "../../mod.ts";
import { bytes, linuxTest, text, TYPES } from "../util/cases.ts";

const { SOL_SOCKET, SO_PEEK_OFF = 0 } = unix.constants;

/** Two connected sockets; peeks at the second go on where the last one ended. */
function peekingPair(type: typeof TYPES[number]): [Socket, Socket] {
  const [near, far] = unix.socketpair({ type });
  far.setOption(SOL_SOCKET, SO_PEEK_OFF, 0);
  return [near, far];
}

async function received(socket: Socket, options = {}): Promise<string> {
  using message = await socket.receive({ signal: AbortSignal.timeout(10_000), ...options });
  return text(message?.data);
}

for (const type of TYPES) {
  linuxTest(
    `peeks of the caller go on with SO_PEEK_OFF, and receives begin in front (${type})`,
    async () => {
      const [near, far] = peekingPair(type);
      using _near = near;
      using _far = far;
      await near.write(bytes("abc"));
      assertEquals(await received(far, { peek: true, size: 2 }), "ab");
      assertEquals(await received(far, { peek: true, size: 2 }), "c");
      assertEquals(await received(far), "abc");
      await near.write(bytes("defghi"));
      assertEquals(await received(far, { peek: true, size: 4 }), "defg");
      assertEquals((await far.readable.getReader().read()).value, bytes("defghi"));
    },
  );
}

linuxTest(
  "descriptors on a stream are found with SO_PEEK_OFF, on an adopted socket as well",
  async () => {
    const [near, far] = peekingPair("stream");
    using _near = near;
    using adopted = Socket.adopt(far.detach());
    await near.write(bytes("a"));
    await near.send({ data: bytes("b"), files: [0] });
    for (const [data, count] of [["a", 0], ["b", 1]] as const) {
      using message = await adopted.receive({
        files: 1,
        filesFirst: true,
        signal: AbortSignal.timeout(10_000),
      });
      assertEquals([text(message?.data), message?.files.length], [data, count]);
    }
    await near.write(bytes("c;"));
    await near.send({ data: bytes("d;"), files: [0] });
    using frames = new Frames(adopted, delimited(";".charCodeAt(0)), { files: 1 });
    for (const [data, count] of [["c", 0], ["d", 1]] as const) {
      using frame = await frames.next({ signal: AbortSignal.timeout(10_000) });
      assertEquals([text(frame?.body), frame?.files.length], [data, count]);
    }
  },
);
