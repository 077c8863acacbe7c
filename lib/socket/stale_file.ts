/**
 * Stale socket files: files without a server.
 *
 * @module
 */

import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { type Bytes, cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import {
  closeFd,
  flock,
  getuid,
  link,
  open,
  poll,
  rename,
  unlink,
} from "../../ffi/syscalls/files.ts";
import { connect, socket } from "../../ffi/syscalls/sockets.ts";
import { check, systemError } from "../errors.ts";
import { destinationOf, fromLatin1, latin1 } from "../address/destination.ts";
import { displayName, type Name } from "../address/sockaddr.ts";
import { identityOf, identityOfPath, isPrivateFile, isSameFile, isSocket } from "../fd/stat.ts";

/**
 * For how long a taken name may still be that of a program that was just killed, in milliseconds, and how often to
 * check: the kernel releases what io_uring(7) refers to, listening sockets included, some time after the process
 * has ended (15 to 30 ms on Linux 6.18).
 */
const NAME_RELEASE_TIME = 100;
const ASK_INTERVAL = 2;

const NO_SOCKET =
  "what is there is no socket, and `replaceStale` replaces nothing else: choose another path, or remove it";
const ALIVE = "a running program has the socket there: stop it, or choose another path";
const STARTING = "another program is just starting there: stop one of them, or choose another path";
const DOUBTFUL =
  "it is not known whether a running program has the socket there: stop it, or remove the file";

/** Repeat `attempt` while the name of a program that has ended is still taken; return its last result. */
export function bindAbandonedName(attempt: () => number): number {
  let result = attempt();
  for (let waited = 0; result === -platform.EADDRINUSE && waited < NAME_RELEASE_TIME;) {
    waited += pause();
    result = attempt();
  }
  return result;
}

/**
 * Run `bindAndListen` after removing a stale socket file. If several programs do so at the same time, one of them
 * succeeds.
 *
 * @throws {Deno.errors.AddrInUse} If the path is not a stale socket file; it stays as it is.
 */
export function replacingStale<T>(name: Name, bindAndListen: () => T): T {
  const display = displayName(name);
  const inUse = (why?: string) => systemError(platform.EADDRINUSE, "bind", display, why);
  for (let waited = 0;; waited += pause()) {
    const state = examine(name.bytes);
    if (state === "absent") return bindAndListen();
    if (state === "no socket") throw inUse(NO_SOCKET);
    let why = state === "doubtful" ? DOUBTFUL : ALIVE;
    if (state === "stale") {
      const lock = lockFor(name);
      if (lock !== "taken") {
        try {
          if (removeStale(name)) return bindAndListen();
          continue; // something else is there by now
        } finally {
          lock.release();
        }
      }
      why = STARTING;
    }
    if (waited >= NAME_RELEASE_TIME) throw inUse(why);
  }
}

function pause(): number {
  poll(-1, 0, ASK_INTERVAL); // nothing to poll
  return ASK_INTERVAL;
}

/** Return what is at a path. */
function examine(path: Uint8Array): "absent" | "no socket" | "stale" | "alive" | "doubtful" {
  const file = identityOfPath(path);
  if (file === -platform.ENOENT) return "absent";
  if (typeof file === "number") return "doubtful";
  if (!isSocket(file)) return "no socket";
  const answer = ask(path);
  if (answer === -platform.ECONNREFUSED) return "stale";
  return answer >= 0 || answer === -platform.EPROTOTYPE ? "alive" : "doubtful";
}

/**
 * Test whether a socket is bound to the file: return the result of connect(2) with a datagram socket, which no
 * server notices. A stream server gives EPROTOTYPE, without a connection that it would have to accept, and even
 * between its bind(2) and listen(2). Only ECONNREFUSED means that there is none.
 */
function ask(path: Uint8Array): number {
  const fd = check(socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: true }), "socket");
  let destination: ReturnType<typeof destinationOf> | undefined;
  try {
    destination = destinationOf(path);
    return connect(fd, destination.sockaddr);
  } finally {
    destination?.[Symbol.dispose]();
    closeFd(fd);
  }
}

/**
 * Remove the file if it is stale: whether the path is free now.
 *
 * No system call removes a path only if it names a certain file. So the file is renamed first, examined again, and
 * renamed back if it was another one.
 */
function removeStale(name: Name): boolean {
  const state = examine(name.bytes);
  if (state !== "stale") return state === "absent";
  const aside = sibling(name, `.${crypto.randomUUID().slice(0, 8)}`);
  const result = rename(cString(name.bytes), cString(aside));
  if (result === -platform.ENOENT) return false;
  check(result, "rename", displayName(name));
  // Not by inode number: a new file often gets the number of one that was just removed.
  if (examine(aside) === "stale") {
    unlink(cString(aside));
    return true;
  }
  putBack(aside, name.bytes);
  return false;
}

/** Rename the file back, without replacing another. A directory cannot be linked, but rename(2) replaces no file by one. */
function putBack(aside: Uint8Array, path: Uint8Array): void {
  if (link(cString(aside), cString(path)) >= 0) unlink(cString(aside));
  else if (identityOfPath(path) === -platform.ENOENT) rename(cString(aside), cString(path));
}

/** Excludes other programs that replace the same file. */
interface Lock {
  release(): void;
}

/** No lock: the directory has no lock file that can be trusted. */
const UNLOCKED: Lock = { release: () => {} };

/**
 * Lock the path against other programs that replace the file there. The lock is a file beside it that only this
 * user may open: other users, who may be able to create a file of that name in a shared directory, or to give that name
 * to another file of this user's, must not be able to block a start. Without a lock file of this user, the program goes
 * on: it checks the file that it renamed, and `link` replaces nothing, so that only an attack at that very moment could
 * let two programs start.
 */
function lockFor(name: Name): Lock | "taken" {
  const { O_RDWR, O_CREAT, O_NOFOLLOW, O_CLOEXEC, O_NONBLOCK } = platform;
  const path = cString(sibling(name, `.${basename(latin1(name.bytes))}.lock`));
  const fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600);
  if (fd < 0) return UNLOCKED;
  const state = tryLock(fd, path);
  if (state === "mine") {
    return {
      release: () => {
        unlink(path);
        closeFd(fd);
      },
    };
  }
  closeFd(fd);
  return state === "taken" ? state : UNLOCKED;
}

function tryLock(fd: number, path: Bytes): "mine" | "taken" | "not trusted" {
  const { LOCK_EX, LOCK_NB, EAGAIN } = platform;
  try {
    const own = identityOf(fd);
    if (!isPrivateFile(own, getuid())) return "not trusted";
    const result = flock(fd, LOCK_EX | LOCK_NB);
    if (result === -EAGAIN) return "taken";
    // The program that had the lock before may have removed the file that is locked now.
    const now = identityOfPath(path.subarray(0, -1));
    if (typeof now === "number" || !isSameFile(now, own)) return "taken";
    return result < 0 ? "not trusted" : "mine";
  } catch {
    return "not trusted";
  }
}

/** Return the path of another file in the same directory. */
function sibling(name: Name, file: string): Uint8Array {
  return fromLatin1(`${dirname(latin1(name.bytes))}/${file}`);
}
