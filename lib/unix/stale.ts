/**
 * Socket files that nobody answers on any more.
 *
 * @module
 */

import { dirname } from "@std/path/posix/dirname";
import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd, flock, open, poll, unlink } from "../../ffi/syscalls/files.ts";
import { connect, socket } from "../../ffi/syscalls/sockets.ts";
import { check, systemError } from "../errors.ts";
import { destinationOf, fromLatin1, latin1 } from "../address/destination.ts";
import { displayName, type Name } from "../address/sockaddr.ts";
import { identityOfPath, isSameFile, isSocket } from "../fd/stat.ts";

/** How often, and how long apart in milliseconds, to try for the lock: five seconds in all. */
const LOCK_ATTEMPTS = 1000;
const LOCK_INTERVAL = 5;

/**
 * How long a socket that answers may still be that of a program which was killed just now, in milliseconds,
 * and how often to ask: what the kernel holds for io_uring(7), listening sockets among it, it gives up some
 * time after the process has ended (15 to 30 ms on Linux 6.18).
 */
const LINGERING = 250;
const ASK_INTERVAL = 2;

const NO_SOCKET =
  "what is there is no socket, and `replaceStale` replaces nothing else: choose another path, or remove it";
const ALIVE = "a running program has the socket there: stop it, or choose another path";

/**
 * Run `bindAndListen` after removing the stale socket file in its way, while nobody else does the same.
 *
 * Two programs that start at once both find the file stale; the lock on its directory lets one finish
 * before the other looks again, and finds it live.
 *
 * @throws {Deno.errors.AddrInUse} if the path is not a stale socket file; it stays as it is
 */
export function replacingStale<T>(name: Name, bindAndListen: () => T): T {
  const display = displayName(name);
  const lock = lockDirectory(name, display);
  try {
    if (exists(name)) removeStale(name, display);
    return bindAndListen();
  } finally {
    closeFd(lock);
  }
}

function exists(name: Name): boolean {
  return identityOfPath(name.bytes) !== -platform.ENOENT;
}

function lockDirectory(name: Name, display: string): number {
  const { O_RDONLY, O_DIRECTORY, O_CLOEXEC, LOCK_EX, LOCK_NB, EAGAIN } = platform;
  const directory = cString(fromLatin1(dirname(latin1(name.bytes))));
  const fd = check(open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", display);
  for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
    const result = flock(fd, LOCK_EX | LOCK_NB);
    if (result >= 0) return fd;
    if (result !== -EAGAIN) {
      closeFd(fd);
      throw systemError(-result, "flock", display);
    }
    poll(-1, 0, LOCK_INTERVAL); // nothing to poll: a pause
  }
  closeFd(fd);
  throw systemError(EAGAIN, "flock", display);
}

function removeStale(name: Name, display: string): void {
  const inUse = (why?: string) => systemError(platform.EADDRINUSE, "bind", display, why);
  const before = identityOfPath(name.bytes);
  if (typeof before === "number") throw inUse();
  if (!isSocket(before)) throw inUse(NO_SOCKET);
  for (let waited = 0;; waited += ASK_INTERVAL) {
    const answer = ask(name);
    if (answer === -platform.ECONNREFUSED) break;
    const isAlive = answer >= 0 || answer === -platform.EPROTOTYPE;
    if (!isAlive || waited >= LINGERING) throw inUse(isAlive ? ALIVE : undefined);
    poll(-1, 0, ASK_INTERVAL); // nothing to poll: a pause
  }
  const after = identityOfPath(name.bytes);
  if (typeof after === "number" || !isSameFile(before, after)) throw inUse();
  check(unlink(cString(name.bytes)), "unlink", display);
}

/**
 * Ask whether a socket is bound to the file: what connect(2) says. A datagram socket asks: it disturbs
 * nobody. A stream listener is told from no listener by EPROTOTYPE, without a connection that it would
 * have to accept, and is noticed even between bind(2) and listen(2). ECONNREFUSED alone says that nobody
 * is there; in doubt, somebody is.
 */
function ask(name: Name): number {
  using destination = destinationOf(name.bytes);
  const fd = check(socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: true }), "socket");
  try {
    return connect(fd, destination.sockaddr);
  } finally {
    closeFd(fd);
  }
}
