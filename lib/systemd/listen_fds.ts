/**
 * What a service manager passed at the start: sd_listen_fds(3).
 *
 * @module
 */

import { eventfd } from "../../ffi/syscalls/readiness.ts";
import { type OwnedFd, ownFd } from "../handle/owned_fd.ts";
import { identityOf } from "../fd/stat.ts";
import type { Listener } from "../handle/listener.ts";
import type { Socket } from "../handle/socket.ts";
import { socketpair } from "../unix/mod.ts";
import { consuming, invalid, readNumber } from "./environment.ts";
import { adoptInherited, requireInherited, specialized } from "./inherited.ts";

/** The first descriptor passed, right after standard error: `SD_LISTEN_FDS_START`. */
const FIRST = 3;

/** The highest number a descriptor can have. */
const HIGHEST = 0x7fffffff;

const VARIABLES = ["LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDS", "LISTEN_FDNAMES"] as const;

/** The name of descriptors without one. */
const UNNAMED = "unknown";

/**
 * A descriptor that a service manager passed.
 *
 * @example
 * ```ts
 * import { Listener } from "@denet/unix";
 * import { listenFds, type PassedFile } from "@denet/unix/systemd";
 *
 * for (const passed of listenFds()) {
 *   const { name, file }: PassedFile = passed;
 *   if (file instanceof Listener) console.log(name, file.addr.path);
 * }
 * ```
 */
export interface PassedFile {
  /** Its name, `FileDescriptorName=` of the socket unit; several may share one. `"unknown"` for none. */
  readonly name: string;
  /**
   * What it is: a `Listener` or a `Socket` of the Unix domain; an `OwnedFd` for all else, such as a TCP
   * listener, a FIFO or a file.
   */
  readonly file: Listener | Socket | OwnedFd;
}

interface Waiting {
  readonly name: string;
  readonly file: OwnedFd;
}

/** Descriptors that were adopted from the service manager, and not returned yet. */
let waiting: Waiting[] = [];

/**
 * Adopt the descriptors that a service manager passed to this process, in their order: listeners of socket
 * units, connections, and files that `notify` stored. They become close-on-exec, and the caller owns them; a
 * second call returns none of them again.
 *
 * Without such descriptors, or if they are meant for another process, the result is empty. The variables
 * `LISTEN_PID`, `LISTEN_PIDFDID`, `LISTEN_FDS` and `LISTEN_FDNAMES` are removed in any case; they are
 * all that this needs `--allow-env` for.
 *
 * @throws {Deno.errors.InvalidData} If a variable makes no sense.
 * @throws {Deno.errors.BadResource} If one of the descriptors is not open.
 * @throws {Deno.errors.Busy} If one of them is this process's own.
 * @throws {Deno.errors.NotCapable} If there is no permission for the variables.
 *
 * Follows sd_listen_fds(3), sd_listen_fds_with_names(3) and sd_is_socket(3).
 *
 * @example Serve what systemd listens on, or listen oneself
 * ```ts
 * import { Listener, unix } from "@denet/unix";
 * import { listenFds } from "@denet/unix/systemd";
 *
 * const [passed] = listenFds();
 * using listener = passed?.file instanceof Listener
 *   ? passed.file
 *   : unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * console.log(listener.addr.path);
 * ```
 *
 * @example Serve HTTP on a listener of any kind, TCP included
 * ```ts
 * import { createServer } from "node:http";
 * import { listenFds } from "@denet/unix/systemd";
 *
 * const server = createServer((_, response) => response.end("hello\n"));
 * for (const { file } of listenFds()) server.listen({ fd: file.detach() });
 * ```
 */
export function listenFds(): PassedFile[] {
  adoptPassed();
  const taken = waiting;
  waiting = [];
  return taken.map(({ name, file }) => ({ name, file: specialized(file) }));
}

/**
 * Take the first passed connection or datagram socket of that name, for `dial`; the rest stay for
 * `listenFds`.
 *
 * @throws {Deno.errors.NotFound} If there is none.
 */
export function takeNamed(name: string): Socket {
  adoptPassed();
  for (const entry of waiting) {
    if (entry.name !== name) continue;
    const socket = asSocket(entry.file);
    if (socket === undefined) continue;
    waiting = waiting.filter((it) => it !== entry);
    return socket;
  }
  const names = waiting.map((it) => JSON.stringify(it.name)).join(", ");
  const printable = JSON.stringify(name).slice(1, -1);
  throw new Deno.errors.NotFound(
    `Cannot dial "systemd:${printable}": no connected Unix socket of that name was ` +
      `passed; the names are ${names || "none"}`,
  );
}

function asSocket(file: OwnedFd): Socket | undefined {
  try {
    return file.asSocket();
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    // deno-coverage-ignore-start -- only a kernel that fails throws anything else
    throw error;
  }
  // deno-coverage-ignore-stop
}

function adoptPassed(): void {
  waiting.push(...consuming(VARIABLES, readVariables));
}

function readVariables(): Waiting[] {
  const names = Deno.env.get("LISTEN_FDNAMES");
  const count = isForUs() ? readNumber("LISTEN_FDS") : undefined;
  if (count === undefined) return [];
  if (count === 0n || count > HIGHEST - FIRST) {
    throw invalid("LISTEN_FDS", `${count}`, "it is not a number of descriptors");
  }
  const split = names?.split(":");
  if (split !== undefined && split.length !== Number(count)) {
    throw invalid(
      "LISTEN_FDNAMES",
      split.join(":"),
      `expected ${count} names (LISTEN_FDS), found ${split.length}`,
    );
  }
  // All are checked before the first gets an owner: a failure leaves them as they came.
  for (let i = 0; i < count; i++) requireInherited(FIRST + i);
  return Array.from({ length: Number(count) }, (_, i) => ({
    name: split?.[i] ?? UNNAMED,
    file: adoptInherited(FIRST + i),
  }));
}

/** Programs that the service starts inherit the variables: so they name the process that they are meant for. */
function isForUs(): boolean {
  const pid = readNumber("LISTEN_PID");
  if (pid === undefined || pid !== BigInt(Deno.pid)) return false;
  const id = readNumber("LISTEN_PIDFDID");
  if (id === undefined) return true;
  const own = ownPidfdId();
  return own === undefined || own === id;
}

/**
 * Return the number that tells this process from every other one, also from later ones with the same
 * process id: the inode of its pidfd. Before Linux 6.9 all pidfds shared one inode with other descriptors
 * without a file, such as eventfds: then there is no such number.
 */
function ownPidfdId(): bigint | undefined {
  const opened: Disposable[] = [];
  try {
    const [self, other] = socketpair();
    opened.push(self, other);
    const pidfd = self.peerPidfd();
    opened.push(pidfd);
    const anonymous = ownFd(eventfd());
    opened.push(anonymous);
    const { device, inode } = identityOf(pidfd.fd);
    return device === identityOf(anonymous.fd).device ? undefined : inode;
  } catch (error) {
    // deno-coverage-ignore-start -- Linux before 6.5 has no pidfd of a peer
    if (error instanceof Deno.errors.NotSupported) return undefined;
    throw error;
    // deno-coverage-ignore-stop
  } finally {
    for (const it of opened) it[Symbol.dispose]();
  }
}
