/**
 * Passing open files with a {@linkcode Msghdr}: `addfiles`, `allocfiles` and `recvfiles` of Hare.
 *
 * @module
 */

import type { OwnedFd } from "../handle/owned_fd.ts";
import { type FileLike, fileNumbers, MAX_FILES, requireFit } from "../fd/file_like.ts";
import { shown } from "../errors.ts";
import { Msghdr, stateOf } from "./msghdr.ts";

/**
 * Add open files to a message (`SCM_RIGHTS`). They stay open here; do not close them before
 * it is sent. The message keeps their objects alive.
 *
 * @throws {RangeError} If there are more than 253 files, those added before included.
 * @throws {TypeError} If one is no descriptor.
 * @throws {Deno.errors.BadResource} If the message is disposed.
 *
 * @example
 * ```ts
 * import { Msghdr, sendmsgSync, unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using message = new Msghdr();
 * message.addVector(new Uint8Array([0]));
 * unix.addFiles(message, 0, 1);
 * sendmsgSync(a, message);
 * ```
 */
export function addFiles(msg: Msghdr, ...files: FileLike[]): void {
  const state = messageState(msg);
  const numbers = fileNumbers(files);
  if (numbers.length === 0) return;
  requireFit(state.outgoing.files + numbers.length);
  state.addRights(numbers);
  for (const file of files) if (typeof file === "object") state.keep(file);
}

/**
 * Reserve capacity in a message for `nfile` open files to be received.
 *
 * The kernel puts other control data in front of them. If the socket has `passCredentials` or another option that adds
 * some, reserve capacity for it, too, by `addControl` or `controlCapacity`: files without space left are lost, and
 * `flags` has `MSG_CTRUNC`.
 *
 * @throws {RangeError} If `nfile` is not an integer from 0 to 253.
 * @throws {Deno.errors.BadResource} If the message is disposed.
 *
 * @example
 * ```ts
 * import { Msghdr, unix } from "@denet/unix";
 *
 * using message = new Msghdr();
 * unix.allocFiles(message, 1);
 * ```
 */
export function allocFiles(msg: Msghdr, nfile: number): void {
  messageState(msg).reserveFiles(checkedCount(nfile));
}

/**
 * Take the open files that arrived with a message: at most `nfile`, in the order they were sent. Surplus
 * ones are closed; a second call returns none. What it returns is what arrived, never more.
 *
 * @param nfile The default is as many as `allocFiles` reserved capacity for.
 * @throws {RangeError} If `nfile` is not an integer from 0 to 253.
 *
 * @example
 * ```ts
 * import { Msghdr, recvmsgSync, unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * a.sendSync({ data: new Uint8Array(1), files: [0] });
 * using message = new Msghdr();
 * message.addVector(new Uint8Array(1));
 * unix.allocFiles(message, 1);
 * recvmsgSync(b, message);
 * const files = unix.recvFiles(message, 1);
 * assertEquals(files.length, 1);
 * for (const file of files) file.close();
 * ```
 */
export function recvFiles(msg: Msghdr, nfile?: number): OwnedFd[] {
  return messageState(msg).takeFiles(nfile === undefined ? undefined : checkedCount(nfile));
}

/**
 * Take the descriptor of the sending process that arrived with a message (`SCM_PIDFD`, Linux 6.5), if
 * one did: the receiving socket's `passPidfd` must be on.
 *
 * @example
 * ```ts
 * import { Msghdr, unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * using message = new Msghdr();
 * assertEquals(unix.recvPidfd(message), undefined);
 * ```
 */
export function recvPidfd(msg: Msghdr): OwnedFd | undefined {
  return messageState(msg).takePidfd();
}

function checkedCount(nfile: number): number {
  if (Number.isInteger(nfile) && nfile >= 0 && nfile <= MAX_FILES) return nfile;
  throw new RangeError(
    `Cannot receive ${shown(nfile)} files: give an integer from 0 to ${MAX_FILES}`,
  );
}

function messageState(msg: Msghdr): ReturnType<typeof stateOf> {
  if (msg instanceof Msghdr) return stateOf(msg);
  throw new TypeError(`Cannot pass files with ${shown(msg)}: give a \`Msghdr\``);
}
