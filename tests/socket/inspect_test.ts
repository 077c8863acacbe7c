import { assertEquals, assertThrows } from "@std/assert";
import { constants } from "../../lib/unix/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { describeSocket, nameOf } from "../../lib/socket/inspect.ts";
import { unix } from "../../mod.ts";
import { bytes, connected, linuxTest, PAIRED, test } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { tempDir } from "../util/tempdir.ts";

test("describeSocket() names the type of a connected and of a listening socket", () => {
  using dir = tempDir();
  for (const type of PAIRED) {
    using pair = connected(type);
    assertEquals(describeSocket(pair.a.fd, false), type);
  }
  using listener = unix.listen(dir.join("a"));
  assertEquals(describeSocket(listener.fd, true), "stream");
});

test("describeSocket() takes a socket that is neither bound nor connected", () => {
  const flags = { cloexec: true, nonblocking: false };
  using made = OwnedFd.adopt(socket(platform.SOCK_STREAM, flags));
  assertEquals(describeSocket(made.fd, false), "stream");
});

test("describeSocket() refuses anything else, and says what it is", () => {
  using dir = tempDir();
  using pair = connected();
  using listener = unix.listen(dir.join("a"));
  using file = OwnedFd.open("/dev/null");
  using tcp = OwnedFd.adopt(libc().socket(constants.AF_INET, platform.SOCK_STREAM, 0));
  assertThrows(() => describeSocket(file.fd, false), TypeError, "it is not a socket");
  assertThrows(() => describeSocket(0x7ffffffe, false), TypeError, "it is not a socket");
  assertThrows(() => describeSocket(tcp.fd, false), TypeError, "not a Unix domain socket");
  assertThrows(() => describeSocket(tcp.fd, true), TypeError, "not a Unix domain socket");
  assertThrows(() => describeSocket(pair.a.fd, true), TypeError, "use Socket.adopt");
  assertThrows(() => describeSocket(listener.fd, false), TypeError, "use Listener.adopt");
});

const UNLESS = Deno.build.os === "linux" ? undefined : "Linux only";

testUnless(
  UNLESS,
  "a thread that has set no option knows what an adopted socket has",
  async (t) => {
    // A Worker: this thread knows already that there are options.
    const worker = `
    import { unix } from "${import.meta.resolve("../../mod.ts")}";
    onmessage = async ({ data }) => {
      using socket = unix.Socket.adopt(data);
      const message = await socket.receive();
      postMessage([message.controlTruncated, new TextDecoder().decode(message.data)]);
    };
    postMessage("ready");
  `;
    const url = URL.createObjectURL(new Blob([worker], { type: "text/javascript" }));
    // Outside of what is compared: Deno keeps descriptors of a Worker that has ended, until the next starts.
    const reader = new Worker(url, { type: "module" });
    const next = () => new Promise((resolve) => reader.onmessage = ({ data }) => resolve(data));
    assertEquals(await next(), "ready");
    await noLeaks(async () => {
      using pair = connected("dgram");
      pair.b.setOption(platform.SOL_SOCKET, platform.SO_TIMESTAMP, 1);
      pair.a.sendSync({ data: bytes("hello") });
      const answer = next();
      reader.postMessage(pair.b.detach());
      assertEquals(await answer, [false, "hello"]);
    })(t);
    reader.terminate();
    URL.revokeObjectURL(url);
  },
);

test("nameOf() is null for an unnamed socket and for a missing peer", () => {
  using pair = connected();
  assertEquals(nameOf(pair.a.fd, false), null);
  assertEquals(nameOf(pair.a.fd, true), null);
  using dir = tempDir();
  using datagrams = unix.bind(dir.join("a"));
  assertEquals(nameOf(datagrams.fd, true), null);
  assertEquals(nameOf(datagrams.fd, false), bytes(dir.join("a")));
});

linuxTest("nameOf() gives every byte of an abstract name", () => {
  const name = new Uint8Array([0, 0xff, 0, 0x61, Deno.pid & 0xff, 0]);
  using datagrams = unix.bind(name);
  assertEquals(nameOf(datagrams.fd, false), name);
});

test("nameOf() throws BadResource for a number that is no descriptor", () => {
  assertThrows(() => nameOf(0x7ffffffe, false), Deno.errors.BadResource);
});
