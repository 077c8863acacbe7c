/** What the tables promise, and what the kernel at hand does where no header says it. */

import { assert, assertEquals } from "@std/assert";
import { addressOf } from "../../ffi/memory.ts";
import { MISSING, platform, platforms } from "../../ffi/platform/mod.ts";
import { closeFd, poll, read } from "../../ffi/syscalls/files.ts";
import {
  bind,
  getsockopt,
  recvmsg,
  send,
  sendmsg,
  setsockopt,
  socket,
  socketpair,
} from "../../ffi/syscalls/sockets.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";

const FLAGS = { cloexec: true, nonblocking: true };
const { MSG_DONTWAIT, SCM_RIGHTS, SOL_SOCKET, SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM } = platform;

/** A pair of sockets that are closed at the end of the block. */
class Pair implements Disposable {
  readonly a: number;
  readonly b: number;

  constructor(type: number) {
    const pair = socketpair(type, FLAGS);
    if (typeof pair === "number") throw new Error(`socketpair: ${pair}`);
    [this.a, this.b] = pair;
  }

  [Symbol.dispose](): void {
    closeFd(this.a);
    closeFd(this.b);
  }
}

function int(value: number): Uint8Array {
  return new Uint8Array(new Int32Array([value]).buffer);
}

/** Why the kernel cannot be asked about an option: it is older than that. */
function withoutOption(name: string, option: number): string | undefined {
  if (option === MISSING) return `${platform.name} has no ${name}`;
  using pair = new Pair(SOCK_STREAM);
  const value = int(1);
  const readOnly = option === platform.SO_PEERPIDFD;
  const result = (readOnly ? getsockopt : setsockopt)(pair.a, SOL_SOCKET, option, value);
  if (result === -platform.ENOPROTOOPT) return `the kernel or its emulation has no ${name}`;
  if (readOnly) closeFd(number(value));
  return undefined;
}

function number(value: Uint8Array): number {
  return new DataView(value.buffer).getInt32(0, true);
}

/** A `struct msghdr` with one byte of data, and `control` as its control buffer. */
class Message {
  /** Holds the header's address. */
  readonly location = new BigUint64Array(1);
  readonly #header = new Uint8Array(new ArrayBuffer(platform.msghdr.size));
  readonly #iovec = new Uint8Array(new ArrayBuffer(platform.iovec.size));
  readonly #data = new Uint8Array(new ArrayBuffer(1));

  constructor(readonly control: Uint8Array) {
    const { msghdr, iovec } = platform;
    put(this.#iovec, iovec.iov_base, BigInt(addressOf(this.#data)));
    put(this.#iovec, iovec.iov_len, 1n);
    put(this.#header, msghdr.msg_iov, BigInt(addressOf(this.#iovec)));
    put(this.#header, msghdr.msg_iovlen, 1n);
    put(this.#header, msghdr.msg_control, BigInt(addressOf(control)));
    put(this.#header, msghdr.msg_controllen, BigInt(control.byteLength));
    this.location[0] = BigInt(addressOf(this.#header));
  }

  /** The first control message: level, type and the first number of the payload. */
  first(): [level: number, type: number, value: number] {
    const { cmsg_level, cmsg_type, size } = platform.cmsghdr;
    const view = new DataView(this.control.buffer);
    const at = [cmsg_level[0], cmsg_type[0], size] as const;
    return [view.getInt32(at[0], true), view.getInt32(at[1], true), view.getInt32(at[2], true)];
  }
}

function put(target: Uint8Array, [offset, width]: readonly [number, number], value: bigint): void {
  const bytes = new Uint8Array(new BigUint64Array([value]).buffer);
  target.set(bytes.subarray(0, width), offset);
}

/** The process that a pidfd stands for. */
function pidOf(pidfd: number): string | undefined {
  return /^Pid:\t(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${pidfd}`))?.[1];
}

/** A control buffer with one item, a descriptor to pass. */
function rights(fd: number): Uint8Array {
  const { cmsghdr } = platform;
  const control = new Uint8Array(new ArrayBuffer(cmsghdr.size + 4));
  put(control, cmsghdr.cmsg_len, BigInt(cmsghdr.size + 4));
  put(control, cmsghdr.cmsg_level, BigInt(SOL_SOCKET));
  put(control, cmsghdr.cmsg_type, BigInt(SCM_RIGHTS));
  control.set(int(fd), cmsghdr.size);
  return control;
}

Deno.test("platforms has the same names in every table", () => {
  const [first, ...others] = Object.values(platforms).map((make) => Object.keys(make()).sort());
  for (const names of others) assertEquals(names, first);
});

Deno.test("platforms has every table under its name", () => {
  assertEquals(Object.values(platforms).map((make) => make().name), Object.keys(platforms));
});

Deno.test("platforms has absolute paths of the C library only, for glibc and for musl", () => {
  for (const [name, make] of Object.entries(platforms)) {
    for (const isMusl of [false, true]) {
      const { libc } = make(isMusl);
      assert(libc.length > 0, name);
      assertEquals(libc.filter((path) => !path.startsWith("/")), []);
      const isForeign = name.startsWith("linux") &&
        libc.some((path) => path.includes("musl") !== isMusl);
      assert(!isForeign, `${name} must not open two C libraries: ${libc}`);
    }
  }
});

Deno.test(
  "platform.abstractNames says whether a name without a file can be bound",
  noLeaks(() => {
    const fd = socket(SOCK_STREAM, FLAGS);
    const [path] = platform.sockaddr_un.sun_path;
    const name = new Uint8Array(path + 14);
    put(name, platform.sockaddr_un.sun_family, BigInt(platform.AF_UNIX));
    name.set(crypto.getRandomValues(new Uint8Array(13)), path + 1);
    if (platform.sockaddrHasLength) name[0] = name.byteLength;
    assertEquals(bind(fd, name) === 0, platform.abstractNames);
    closeFd(fd);
  }),
);

Deno.test("platform.procSelfFd says whether descriptors have paths in /proc", () => {
  let exists = true;
  try {
    Deno.lstatSync("/proc/self/fd/0");
  } catch {
    exists = false;
  }
  assertEquals(exists, platform.procSelfFd);
});

Deno.test(
  "platform.fullQueueIsNobufs says how a full datagram queue is reported",
  noLeaks(() => {
    using pair = new Pair(SOCK_DGRAM);
    const message = new Uint8Array(1024);
    let result = 0;
    while (result >= 0) result = send(pair.a, message, MSG_DONTWAIT);
    assertEquals(result, platform.fullQueueIsNobufs ? -platform.ENOBUFS : -platform.EAGAIN);
  }),
);

testUnless(
  withoutOption("SO_PASSPIDFD", platform.SO_PASSPIDFD),
  "platform.SCM_PIDFD is the type of what SO_PASSPIDFD has the kernel attach",
  noLeaks(() => {
    using pair = new Pair(SOCK_STREAM);
    assertEquals(setsockopt(pair.b, SOL_SOCKET, platform.SO_PASSPIDFD, int(1)), 0);
    assertEquals(send(pair.a, new Uint8Array(1), 0), 1);
    const message = new Message(new Uint8Array(new ArrayBuffer(64)));
    assertEquals(recvmsg(pair.b, message.location, MSG_DONTWAIT), 1);
    const [level, type, pidfd] = message.first();
    assertEquals({ level, type }, { level: SOL_SOCKET, type: platform.SCM_PIDFD });
    assertEquals(pidOf(pidfd), String(Deno.pid));
    closeFd(pidfd);
  }),
);

testUnless(
  withoutOption("SO_PASSRIGHTS", platform.SO_PASSRIGHTS),
  "platform.SO_PASSRIGHTS is the option that refuses descriptors",
  noLeaks(() => {
    using pair = new Pair(SOCK_STREAM);
    const message = new Message(rights(0));
    assertEquals(sendmsg(pair.a, message.location, MSG_DONTWAIT), 1);
    assertEquals(setsockopt(pair.b, SOL_SOCKET, platform.SO_PASSRIGHTS, int(0)), 0);
    assertEquals(sendmsg(pair.a, message.location, MSG_DONTWAIT), -platform.EPERM);
  }),
);

testUnless(
  withoutOption("SO_PEERPIDFD", platform.SO_PEERPIDFD),
  "platform.SO_PEERPIDFD is the option that opens the peer",
  noLeaks(() => {
    using pair = new Pair(SOCK_STREAM);
    const value = int(-1);
    assertEquals(getsockopt(pair.a, SOL_SOCKET, platform.SO_PEERPIDFD, value), 4);
    assertEquals(pidOf(number(value)), String(Deno.pid));
    closeFd(number(value));
  }),
);

Deno.test(
  "platform.SO_TYPE distinguishes the types of sockets",
  noLeaks(() => {
    for (
      const type of [SOCK_STREAM, SOCK_DGRAM, ...Deno.build.os === "linux" ? [SOCK_SEQPACKET] : []]
    ) {
      using pair = new Pair(type);
      const value = int(0);
      assertEquals(getsockopt(pair.a, SOL_SOCKET, platform.SO_TYPE, value), 4);
      assertEquals(value, int(type));
    }
  }),
);

Deno.test(
  "platform.pollfd and POLLIN, POLLOUT, POLLHUP are what poll() fills in",
  noLeaks(() => {
    const { POLLIN, POLLOUT, POLLHUP } = platform;
    const pair = new Pair(SOCK_STREAM);
    assertEquals(poll(pair.a, POLLIN | POLLOUT, 0), POLLOUT);
    send(pair.b, new Uint8Array([7]), 0);
    assertEquals(poll(pair.a, POLLIN, 0), POLLIN);
    assertEquals(read(pair.a, new Uint8Array(1)), 1);
    closeFd(pair.b);
    assert((poll(pair.a, POLLIN, 0) & POLLHUP) !== 0);
    closeFd(pair.a);
  }),
);
