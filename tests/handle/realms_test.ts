import { assertEquals, assertThrows } from "@std/assert";
import { runInNewContext } from "node:vm";
import { delimited, Frames } from "../../lib/frames/mod.ts";
import { Msghdr, OwnedFd, recvmsg, sendmsg, unix } from "../../mod.ts";
import { bytes, linuxTest, test, text } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

/** Return bytes whose class is that of another realm, as a test runner with contexts of its own gives them. */
function foreign(from: Uint8Array): Uint8Array {
  return runInNewContext("Uint8Array.from(bytes)", { bytes: [...from] });
}

test("bytes of another realm are read, written, sent and received like those of this one", async () => {
  const [near, far] = unix.socketpair();
  using _near = near;
  using _far = far;
  const buffer = foreign(new Uint8Array(8));
  const sends = [
    () => near.write(foreign(bytes("abc"))),
    () => near.send({ data: foreign(bytes("abc")) }),
    () => near.send({ data: [foreign(bytes("ab")), bytes("c")] }),
    () => {
      using message = new Msghdr();
      message.addVector(foreign(bytes("abc")));
      return sendmsg(near, message);
    },
  ];
  for (const send of sends) {
    assertEquals(await send(), 3);
    assertEquals(await far.read(buffer), 3);
    assertEquals(text(new Uint8Array(buffer).subarray(0, 3)), "abc");
  }
  await near.write(bytes("def"));
  using received = await far.receive({ buffer });
  assertEquals(text(new Uint8Array(received?.data ?? [])), "def");
  await near.write(bytes("ghi"));
  using raw = new Msghdr();
  raw.addVector(buffer);
  assertEquals(await recvmsg(far, raw), 3);
});

test("addresses, options and delimiters take bytes of another realm", async () => {
  using dir = tempDir();
  const path = foreign(bytes(dir.join("a")));
  using listener = unix.listen(path);
  using client = await unix.connect(path);
  using server = await listener.accept();
  const { SOL_SOCKET, SO_RCVTIMEO } = unix.constants;
  server.setOption(SOL_SOCKET, SO_RCVTIMEO ?? 0, foreign(new Uint8Array(16)));
  using frames = new Frames(server, delimited(foreign(bytes(";"))));
  await client.write(bytes("a;"));
  using frame = await frames.next();
  assertEquals(text(frame?.body), "a");
});

linuxTest("a memory file takes bytes of another realm", () => {
  using file = OwnedFd.memfd("a", foreign(bytes("abc")));
  assertEquals(file.statSync().size, 3);
});

test("other typed arrays of another realm are refused", () => {
  const [near, far] = unix.socketpair();
  using _near = near;
  using _far = far;
  for (const name of ["Uint8ClampedArray", "Int8Array", "Float64Array", "DataView"]) {
    const value = runInNewContext(`new ${name}(new ArrayBuffer(8))`);
    assertThrows(() => near.writeSync(value), TypeError, "give a Uint8Array");
  }
});
