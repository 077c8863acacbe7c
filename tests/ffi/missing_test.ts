/** The paths for systems that lack accept4(2), SOCK_CLOEXEC, memfd_create(2), statx(2) and more. */
// A process of its own, because the tables are those of another system.

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import "./pool_only.ts";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/memory.ts";
import { MISSING, platform, replacePlatform } from "../../ffi/platform/mod.ts";
import { closeFd, fcntl, fstat, lstat, memfdCreate } from "../../ffi/syscalls/files.ts";
import {
  accept,
  bind,
  connect,
  getsockopt,
  listen,
  send,
  socket,
  socketpair,
} from "../../ffi/syscalls/sockets.ts";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import { changes, listDescriptors, noLeaks } from "../util/descriptors.ts";
import { tempDir } from "../util/tempdir.ts";
import { leaveOut } from "./leave_out.ts";
import { linuxStats } from "./linux_stat.ts";

const { F_GETFD, F_GETFL, FD_CLOEXEC, O_NONBLOCK, SOCK_STREAM } = platform;

/** Every combination of the two flags. */
const FLAGS = [true, false].flatMap((cloexec) =>
  [true, false].map((nonblocking) => ({ cloexec, nonblocking }))
);

function flagsOf(fd: number): { cloexec: boolean; nonblocking: boolean } {
  return {
    cloexec: (fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) !== 0,
    nonblocking: (fcntl(fd, F_GETFL, 0) & O_NONBLOCK) !== 0,
  };
}

function sockaddr(path: string): Uint8Array {
  const bytes = new TextEncoder().encode(path);
  const [family, width] = platform.sockaddr_un.sun_family;
  const address = new Uint8Array(platform.sockaddr_un.sun_path[0] + bytes.byteLength + 1);
  address.set(
    new Uint8Array(new Uint16Array([platform.AF_UNIX]).buffer).subarray(0, width),
    family,
  );
  address.set(bytes, platform.sockaddr_un.sun_path[0]);
  if (platform.sockaddrHasLength) address[0] = address.byteLength;
  return address;
}

Deno.test("the table and the functions lack what macOS lacks", () => {
  const { SOCK_CLOEXEC, SOCK_NONBLOCK, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL, F_ADD_SEALS } = platform;
  assertEquals({ SOCK_CLOEXEC, SOCK_NONBLOCK, MSG_CMSG_CLOEXEC, MSG_NOSIGNAL }, {
    SOCK_CLOEXEC: 0,
    SOCK_NONBLOCK: 0,
    MSG_CMSG_CLOEXEC: 0,
    MSG_NOSIGNAL: 0,
  });
  assertEquals({
    F_ADD_SEALS,
    SO_PASSCRED: platform.SO_PASSCRED,
    abstractNames: platform.abstractNames,
  }, { F_ADD_SEALS: MISSING, SO_PASSCRED: MISSING, abstractNames: false });
  assertEquals({
    accept4: libc().accept4,
    eventfd: libc().eventfd,
    memfd_create: libc().memfd_create,
  }, { accept4: null, eventfd: null, memfd_create: null });
});

Deno.test(
  "socket() and socketpair() set the flags without SOCK_CLOEXEC",
  noLeaks(() => {
    for (const flags of FLAGS) {
      const fd = socket(SOCK_STREAM, flags);
      const pair = socketpair(SOCK_STREAM, flags);
      assert(typeof pair !== "number");
      for (const each of [fd, ...pair]) {
        assertEquals(flagsOf(each), flags);
        closeFd(each);
      }
    }
  }),
);

Deno.test(
  "accept() sets the flags without accept4(2), whatever the listener's are",
  noLeaks(() => {
    using dir = tempDir();
    for (const nonblocking of [true, false]) {
      const address = sockaddr(dir.join(`s${nonblocking}`));
      const listener = socket(SOCK_STREAM, { cloexec: true, nonblocking });
      assertEquals({ bind: bind(listener, address), listen: listen(listener, 10) }, {
        bind: 0,
        listen: 0,
      });
      for (const flags of FLAGS) {
        const client = socket(SOCK_STREAM, { cloexec: true, nonblocking: false });
        assertEquals(connect(client, address), 0);
        const accepted = accept(listener, flags);
        assertEquals(flagsOf(accepted), flags);
        closeFd(accepted);
        closeFd(client);
      }
      closeFd(listener);
    }
  }),
);

/** Let the `n`th call of fcntl(2) from here fail while `fn` runs. */
function failingFcntl<T>(n: number, fn: () => T): T {
  const { fcntl } = libc();
  let calls = 0;
  const previous = replaceLibc(Object.create(libc(), {
    fcntl: {
      value: (fd: number, ...rest: [number, bigint]) =>
        fcntl(calls++ === n ? 0x7ffffff0 : fd, ...rest),
    },
  }));
  try {
    return fn();
  } finally {
    replaceLibc(previous);
  }
}

Deno.test("a new socket whose flags cannot be set is closed, its other end included", () => {
  using dir = tempDir();
  const address = sockaddr(dir.join("s"));
  const flags = { cloexec: true, nonblocking: true };
  const listener = socket(SOCK_STREAM, flags);
  assertEquals({ bind: bind(listener, address), listen: listen(listener, 10) }, {
    bind: 0,
    listen: 0,
  });
  const make = {
    socket: () => socket(SOCK_STREAM, flags),
    socketpair: () => socketpair(SOCK_STREAM, flags),
    pipe: () => pipe(true),
    accept: () => {
      const client = socket(SOCK_STREAM, { cloexec: false, nonblocking: false });
      connect(client, address);
      const accepted = failingFcntl(refused, () => accept(listener, flags));
      closeFd(client);
      return accepted;
    },
  };
  let refused = 0;
  const before = listDescriptors();
  for (const [name, fn] of Object.entries(make)) {
    let failures = 0;
    for (refused = 0; refused < 6; refused++) {
      const result = name === "accept" ? fn() : failingFcntl(refused, fn);
      if (typeof result !== "number") result.forEach(closeFd);
      else if (result >= 0) closeFd(result);
      else failures++;
      assertEquals(changes(before, listDescriptors()), [], `${name}, call ${refused}`);
    }
    assert(failures >= 2, name);
  }
  closeFd(listener);
});

Deno.test(
  "accept() without accept4(2) gives no socket whose O_NONBLOCK could not be set",
  noLeaks(() => {
    using dir = tempDir();
    const address = sockaddr(dir.join("s"));
    const flags = { cloexec: true, nonblocking: false };
    // What is accepted has the listener's O_NONBLOCK there, and is to lose it.
    const listener = socket(SOCK_STREAM, { cloexec: true, nonblocking: true });
    assertEquals({ bind: bind(listener, address), listen: listen(listener, 10) }, {
      bind: 0,
      listen: 0,
    });
    const client = socket(SOCK_STREAM, flags);
    assertEquals(connect(client, address), 0);
    assertEquals(failingFcntl(0, () => accept(listener, flags)), -platform.EBADF);
    closeFd(client);
    closeFd(listener);
  }),
);

Deno.test(
  "accept() without accept4(2) reports what accept(2) does",
  noLeaks(() => {
    const fd = socket(SOCK_STREAM, { cloexec: true, nonblocking: true });
    assertEquals(accept(fd, { cloexec: true, nonblocking: false }), -platform.EINVAL);
    closeFd(fd);
  }),
);

Deno.test(
  "socket() and accept() live with a kernel that refuses SO_NOSIGPIPE",
  noLeaks(() => {
    using dir = tempDir();
    const address = sockaddr(dir.join("s"));
    const flags = { cloexec: true, nonblocking: false };
    // As macOS does once the peer is gone; on Linux no option has this number.
    const previous = replacePlatform({ ...platform, SO_NOSIGPIPE: 9999 });
    try {
      const listener = socket(SOCK_STREAM, flags);
      assertEquals({ bind: bind(listener, address), listen: listen(listener, 10) }, {
        bind: 0,
        listen: 0,
      });
      const client = socket(SOCK_STREAM, flags);
      assertEquals(connect(client, address), 0);
      closeFd(client);
      const accepted = accept(listener, flags);
      assert(accepted >= 0, String(accepted));
      closeFd(accepted);
      closeFd(listener);
    } finally {
      replacePlatform(previous);
    }
  }),
);

Deno.test("every new socket has SO_NOSIGPIPE where there is such an option", () => {
  const passCredentials = 16; // of Linux, where nothing else sets it
  const previous = replacePlatform({ ...platform, SO_NOSIGPIPE: passCredentials });
  try {
    const flags = { cloexec: true, nonblocking: false };
    const pair = socketpair(SOCK_STREAM, flags);
    assert(typeof pair !== "number");
    for (const fd of [socket(SOCK_STREAM, flags), ...pair]) {
      const value = new Uint8Array(4);
      assertEquals(getsockopt(fd, platform.SOL_SOCKET, passCredentials, value), 4);
      assertEquals(value[0], 1);
      closeFd(fd);
    }
  } finally {
    replacePlatform(previous);
  }
});

Deno.test(
  "send() to a closed peer is EPIPE without MSG_NOSIGNAL, and no signal",
  noLeaks(() => {
    const pair = socketpair(SOCK_STREAM, { cloexec: true, nonblocking: true });
    assert(typeof pair !== "number");
    closeFd(pair[1]);
    assertEquals(send(pair[0], new Uint8Array(1), 0), -platform.EPIPE);
    closeFd(pair[0]);
  }),
);

Deno.test(
  "fstat() and lstat() work without statx(2)",
  noLeaks(() => {
    const functions = replaceLibc(leaveOut(libc(), ["statx"]));
    const table = replacePlatform({
      ...platform,
      stat: linuxStats[platform.name] ?? platform.stat,
    });
    try {
      checkStats();
    } finally {
      replacePlatform(table);
      replaceLibc(functions);
    }
  }),
);

function checkStats(): void {
  using dir = tempDir();
  const path = dir.join("file");
  Deno.writeTextFileSync(path, "12345", { mode: 0o640 });
  const expected = Deno.lstatSync(path);
  using _file = Deno.openSync(path);
  const number = [...Deno.readDirSync(Deno.build.os === "linux" ? "/proc/self/fd" : "/dev/fd")]
    .map(({ name }) => Number(name))
    .find((fd) => inode(fd) === BigInt(expected.ino ?? -1));
  assertNotEquals(number, undefined);
  const { size, length, mode, uid } = platform.stat;
  const buffer = new Uint8Array(size);
  assertEquals(lstat(cString(path), buffer), 0);
  const view = new DataView(buffer.buffer);
  assertEquals(view.getBigUint64(length[0], true), 5n);
  assertEquals(view.getUint16(mode[0], true), expected.mode);
  assertEquals(view.getUint32(uid[0], true), expected.uid);
}

/** The inode number behind a descriptor, by {@linkcode fstat}. */
function inode(fd: number): bigint | undefined {
  const buffer = new Uint8Array(platform.stat.size);
  if (fstat(fd, buffer) < 0) return undefined;
  return new DataView(buffer.buffer).getBigUint64(platform.stat.ino[0], true);
}

Deno.test("memfdCreate() is ENOSYS without memfd_create(2)", () => {
  assertEquals(memfdCreate(cString("x"), 0), -platform.ENOSYS);
});
