/**
 * Reaching names that do not fit a `struct sockaddr_un`: on Linux `/proc/self/fd/N` stands for what
 * descriptor N refers to, so a long path is shortened to that of its directory or of the socket file
 * itself. Follows unix(7) and proc(5).
 *
 * @module
 */

import { basename } from "@std/path/posix/basename";
import { dirname } from "@std/path/posix/dirname";
import { cString } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { bind } from "../../ffi/syscalls/sockets.ts";
import { closeFd, link, open, readlink, unlink } from "../../ffi/syscalls/files.ts";
import { Descriptor } from "../descriptor/descriptor.ts";
import { identityOfPath } from "../fd/stat.ts";
import { check, InvalidAddressError } from "../errors.ts";
import {
  type Address,
  displayName,
  encodeSockaddr,
  fitsSockaddr,
  isUnixAddr,
  type Name,
  parseAddress,
} from "./sockaddr.ts";
import { nameOfUnixAddr } from "./unix_addr.ts";

/** A name in a form that the kernel takes, for as long as it is not disposed. */
export interface Destination extends Disposable {
  /** The `struct sockaddr_un`. */
  readonly sockaddr: Uint8Array;
  /** The name as people write it, for messages. */
  readonly display: string;
  /** The name itself. */
  readonly name: Name;
  /** The name in exact bytes where the kernel is given a shorter one. */
  readonly shortened: Uint8Array | undefined;
}

let lastText = "";
let lastDestination: Destination | undefined;

/**
 * Return how to reach the address. The last short one is cached, for senders of many datagrams to one address.
 *
 * @param address An address, or what `from` and `remoteAddr` give.
 * @param syscall What it is for, and what is said to have failed if a long path cannot be reached.
 */
export function destinationOf(
  address: Address | Deno.UnixAddr,
  syscall: "connect" | "sendmsg" = "connect",
): Destination {
  const target = isUnixAddr(address) ? nameOfUnixAddr(address) : address;
  if (target === lastText && lastDestination !== undefined) return lastDestination;
  const name = parseAddress(target, platform);
  if (name.kind === "autobind") {
    throw new InvalidAddressError(
      'Cannot reach the empty address: give a path, or an abstract name as "@name"',
    );
  }
  if (!needsShortening(name)) {
    const destination = shortDestination(name);
    if (typeof target === "string") {
      lastText = target;
      lastDestination = destination;
    }
    return destination;
  }
  return longDestination(name, syscall);
}

/** Whether a name must be shortened for the kernel. */
export function needsShortening(name: Name): boolean {
  return platform.procSelfFd && !fitsSockaddr(name, platform);
}

function shortDestination(name: Name): Destination {
  return {
    sockaddr: encodeSockaddr(name, platform),
    get display() {
      return displayName(name); // most programs never read it
    },
    name,
    shortened: undefined,
    [Symbol.dispose]: () => {},
  };
}

function longDestination(name: Name, syscall: string): Destination {
  requireShortComponent(name);
  const display = displayName(name);
  const fd = check(
    open(cString(name.bytes), platform.O_PATH | platform.O_CLOEXEC),
    syscall,
    display,
  );
  const file = new Descriptor(fd, "address in use");
  return {
    sockaddr: encodeSockaddr(pathName(`/proc/self/fd/${fd}`), platform),
    display,
    name,
    shortened: name.bytes,
    [Symbol.dispose]: () => file.close(),
  };
}

function pathName(path: string): Name {
  return parseAddress(path, platform);
}

/** Return bytes as a string of as many characters, so that the functions of `@std/path` keep every byte. */
export function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** Undo {@linkcode latin1}. */
export function fromLatin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function requireShortComponent(name: Name): void {
  const component = basename(latin1(name.bytes));
  const limit = platform.sockaddr_un.sun_path[1];
  if (component.length <= limit) return;
  throw new InvalidAddressError(
    `Cannot use the path ${
      JSON.stringify(displayName(name))
    }: its last component has ${component.length} bytes, at most ${limit} fit; use a shorter one`,
  );
}

/**
 * Bind `fd` to a name, however long its directory is; the result of bind(2).
 *
 * @param keep Called if peers see a name that leads to the socket for as long as this descriptor of its
 * directory is open, and that the callee closes; without it they see one that leads nowhere.
 */
export function bindTo(fd: number, name: Name, keep?: (directory: number) => void): number {
  if (!needsShortening(name)) return bind(fd, encodeSockaddr(name, platform));
  requireShortComponent(name);
  const text = latin1(name.bytes);
  const directory = cString(fromLatin1(dirname(text)));
  const { O_PATH, O_DIRECTORY, O_CLOEXEC } = platform;
  const dirfd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (dirfd < 0) return dirfd;
  let isKept = false;
  try {
    const component = fromLatin1(basename(text));
    const lasting = keep === undefined ? undefined : lastingName(dirfd, component);
    if (lasting === undefined) return bindIn(fd, `/proc/self/fd/${dirfd}/`, component);
    const bound = bind(fd, encodeSockaddr(lasting, platform));
    isKept = bound >= 0;
    if (isKept) keep?.(dirfd);
    return bound;
  } finally {
    if (!isKept) closeFd(dirfd);
  }
}

/**
 * Return the name of a file in the directory for all processes, or `undefined` if it does not fit:
 * `/proc/self` means another process in each of them.
 */
function lastingName(dirfd: number, component: Uint8Array): Name | undefined {
  const target = new Uint8Array(16);
  const length = readlink(cString("/proc/self"), target);
  if (length <= 0) return undefined;
  const process = new TextDecoder().decode(target.subarray(0, length));
  const name = joined(`/proc/${process}/fd/${dirfd}/`, component);
  return fitsSockaddr(name, platform) ? name : undefined;
}

function bindIn(fd: number, directory: string, component: Uint8Array): number {
  const name = joined(directory, component);
  if (fitsSockaddr(name, platform)) return bind(fd, encodeSockaddr(name, platform));
  // The component alone fits, but not with the directory's short form before it: bind beside it, and
  // give the file its name by link(2), which refuses an existing one just as bind(2) does. Check first:
  // a socket that was bound once cannot be bound again.
  const existing = identityOfPath(name.bytes);
  if (existing !== -platform.ENOENT) {
    return typeof existing === "number" ? existing : -platform.EADDRINUSE;
  }
  const temporary = joined(directory, fromLatin1(`.${crypto.randomUUID().slice(0, 8)}`));
  const bound = bind(fd, encodeSockaddr(temporary, platform));
  if (bound < 0) return bound;
  const linked = link(cString(temporary.bytes), cString(name.bytes));
  unlink(cString(temporary.bytes));
  return linked === -platform.EEXIST ? -platform.EADDRINUSE : linked;
}

function joined(directory: string, component: Uint8Array): Name {
  const prefix = new TextEncoder().encode(directory);
  const bytes = new Uint8Array(prefix.byteLength + component.byteLength);
  bytes.set(prefix);
  bytes.set(component, prefix.byteLength);
  return { kind: "path", bytes };
}
