import { assertEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { setsockopt } from "../../ffi/syscalls/sockets.ts";
import { bytesBeforeFiles } from "../../lib/handle/files_first.ts";
import { stateOf } from "../../lib/handle/socket_transfer.ts";
import { unix } from "../../mod.ts";
import { countDescriptors, noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";

const notLinux = Deno.build.os === "linux"
  ? undefined
  : "only Linux puts bytes in front of descriptors";

/** Look at what a socket can receive next. */
function look(socket: unix.Socket, limit: number): number {
  return bytesBeforeFiles(socket.fd, limit, stateOf(socket).receiveState(socket));
}

/** Receive all there is in the sizes that are told: of each part its size, and how many files came with it. */
function receiveAll(socket: unix.Socket, limit: number): [size: number, files: number][] {
  const parts: [number, number][] = [];
  for (let size; (size = look(socket, limit)) > 0;) {
    using message = socket.receiveSync({ size, files: 9 });
    parts.push([message?.data.byteLength ?? 0, message?.files.length ?? 0]);
  }
  return parts;
}

testUnless(
  notLinux,
  "bytesBeforeFiles() ends in front of the next bytes with descriptors, if not behind them",
  noLeaks(() => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    a.sendSync({ data: new Uint8Array(10) });
    a.sendSync({ data: new Uint8Array(20) });
    a.sendSync({ data: new Uint8Array(5), files: [0, 1] });
    a.sendSync({ data: new Uint8Array(5), files: [0] });
    a.sendSync({ data: new Uint8Array(7) });
    a.sendSync({ data: new Uint8Array(1), files: [0] });
    a.sendSync({ data: new Uint8Array(8) });
    a.sendSync({ data: new Uint8Array(9) });
    const parts: [number, number][] = [[30, 0], [5, 2], [5, 1], [7, 0], [1, 1], [17, 0]];
    assertEquals(receiveAll(b, 65536), parts);
  }),
);

testUnless(
  notLinux,
  "bytesBeforeFiles() puts no byte in front of one with descriptors, whatever the limit",
  noLeaks(() => {
    for (const passCredentials of [false, true]) {
      for (let limit = 1; limit < 40; limit++) {
        const [a, b] = unix.socketpair();
        using _a = a;
        using _b = b;
        b.passCredentials = passCredentials;
        const sent: number[] = [];
        let at = 0;
        for (const [size, files] of [[3, 0], [1, 1], [10, 0], [6, 2], [6, 1], [2, 0], [4, 3]]) {
          a.sendSync({
            data: new Uint8Array(size ?? 0),
            files: new Array<number>(files ?? 0).fill(0),
          });
          if (files) sent.push(at);
          at += size ?? 0;
        }
        let came = 0;
        const places: number[] = [];
        for (const [size, files] of receiveAll(b, limit)) {
          if (files > 0) places.push(came);
          came += size;
        }
        assertEquals({ places, came }, { places: sent, came: at });
      }
    }
  }),
);

testUnless(
  notLinux,
  "bytesBeforeFiles() looks over more than one page, and over more than there is",
  noLeaks(() => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    a.sendSync({ data: new Uint8Array(50_000) });
    a.sendSync({ data: new Uint8Array(30_000), files: [0] });
    assertEquals(look(b, 1 << 20), 50_000);
    assertEquals(look(b, 1 << 30), 50_000);
  }),
);

Deno.test(
  "bytesBeforeFiles() takes nothing, and distinguishes the end from the lack of data",
  noLeaks(() => {
    const [a, b] = unix.socketpair();
    using _b = b;
    assertEquals(look(b, 10), -platform.EAGAIN);
    a.sendSync({ data: new Uint8Array([7]), files: [0] });
    for (let i = 0; i < 3; i++) assertEquals(look(b, 10), 1);
    a.close();
    using message = b.receiveSync({ files: 1 });
    assertEquals({ data: message?.data, fileCount: message?.files.length }, {
      data: new Uint8Array([7]),
      fileCount: 1,
    });
    assertEquals(look(b, 10), 0);
  }),
);

testUnless(
  notLinux,
  "bytesBeforeFiles() takes no credentials for descriptors",
  noLeaks(() => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    b.passCredentials = true;
    for (const size of [10, 20, 30]) a.sendSync({ data: new Uint8Array(size) });
    assertEquals(look(b, 100), 60);
    a.sendSync({ data: new Uint8Array(5), files: [0] });
    assertEquals(look(b, 100), 60);
  }),
);

testUnless(
  notLinux,
  "bytesBeforeFiles() keeps no descriptors in the space for credentials that another process has switched off",
  noLeaks(() => {
    const [a, b] = unix.socketpair();
    using _a = a;
    using _b = b;
    b.passCredentials = true;
    assertEquals(look(b, 100), -platform.EAGAIN);
    // As another process does it: this module is not told.
    setsockopt(b.fd, platform.SOL_SOCKET, platform.SO_PASSCRED, new Uint8Array(4));
    a.sendSync({ data: new Uint8Array(10) });
    a.sendSync({ data: new Uint8Array(5), files: [0, 1] });
    const before = countDescriptors();
    assertEquals(look(b, 100), 10);
    assertEquals(countDescriptors(), before);
  }),
);
