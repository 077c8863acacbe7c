/** What a user would write by hand for one of these programs: the symbols and nothing around. */
const symbols = {
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  accept: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  open: { parameters: ["buffer", "i32"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "isize" },
  send: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv: { parameters: ["i32", "buffer", "usize", "i32"], result: "isize" },
  recv_pool: {
    name: "recv",
    parameters: ["i32", "buffer", "usize", "i32"],
    result: "isize",
    nonblocking: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** libc, opened when the program starts. */
export const libc: Deno.StaticForeignLibraryInterface<typeof symbols> =
  Deno.dlopen("libc.so.6", symbols).symbols;

export const AF_UNIX = 1;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_SEQPACKET = 5;
export const SOCK_CLOEXEC = 0o2000000;
export const MSG_NOSIGNAL = 0x4000;
export const MSG_CMSG_CLOEXEC = 0x40000000;

/** A connected pair of blocking sockets. */
export function socketpair(type: number): [number, number] {
  const fds = new Int32Array(2);
  check(libc.socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), "socketpair");
  return [fds[0] ?? -1, fds[1] ?? -1];
}

/** A descriptor to pass around. */
export function openNull(): number {
  const path = new TextEncoder().encode("/dev/null\0");
  return check(libc.open(path, SOCK_CLOEXEC), "open");
}

/** A blocking listener on a path. */
export function listenOn(path: string): number {
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const address = sockaddr(path);
  check(libc.bind(fd, address, address.length), "bind");
  check(libc.listen(fd, 128), "listen");
  return fd;
}

/** A blocking connection to a path. */
export function connectTo(path: string): number {
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
  const address = sockaddr(path);
  check(libc.connect(fd, address, address.length), "connect");
  return fd;
}

/** A `sockaddr_un` of Linux. */
export function sockaddr(path: string): Uint8Array<ArrayBuffer> {
  const name = new TextEncoder().encode(path);
  const address = new Uint8Array(2 + name.length + 1);
  address[0] = AF_UNIX;
  address.set(name, 2);
  return address;
}

/** The address of a typed array's memory. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

/** The result of a call that gives -1 on failure. */
export function check(result: number, call: string): number {
  if (result < 0) throw new Error(`Cannot ${call}`);
  return result;
}

/** Receives until `buffer` is full; false if the stream ends before. */
export function recvFull(fd: number, buffer: Uint8Array<ArrayBuffer>): boolean {
  let filled = 0;
  while (filled < buffer.length) {
    const rest = filled === 0 ? buffer : buffer.subarray(filled);
    const count = Number(libc.recv(fd, rest, BigInt(rest.length), 0));
    if (count <= 0) return false;
    filled += count;
  }
  return true;
}

/** Sends all of `data`, in one call on a blocking socket. */
export function sendFull(fd: number, data: Uint8Array<ArrayBuffer>): boolean {
  return Number(libc.send(fd, data, BigInt(data.length), MSG_NOSIGNAL)) === data.length;
}
