/**
 * Opening what is to be handed on.
 *
 * @module
 */

import { type BindOptions, OwnedFd, unix } from "../../mod.ts";
import { bound } from "../cli/bound.ts";
import { codeOf } from "../cli/text.ts";
import { isSameFile, openFile, pathInfo, readProc, remove } from "../native/files.ts";
import { openInternet } from "./internet.ts";
import type { Spec } from "./spec.ts";

/** An open file with the name it goes by. */
export interface NamedFile {
  readonly name: string;
  readonly file: OwnedFd;
}

/** How sockets are opened. */
export interface SocketPlan {
  readonly backlog: number;
  readonly mode: number | undefined;
  readonly replace: boolean;
  /** Whether other processes may have the sockets by the end, whose files then stay. */
  readonly isShared: boolean;
}

/**
 * Open files. Disposing the stack closes them, and removes the files of sockets that no other process has.
 *
 * @throws {Error} If one cannot be opened; nothing is left behind.
 */
export async function openAll(
  specs: readonly Spec[],
  plan: SocketPlan,
  stack: DisposableStack,
  stop: AbortSignal,
): Promise<NamedFile[]> {
  const files: NamedFile[] = [];
  for (const spec of specs) {
    files.push({ name: spec.name, file: await open(spec, plan, stack, stop) });
    stop.throwIfAborted();
  }
  return files;
}

const OPTIONS = {
  read: {},
  write: { write: true, create: true, truncate: true },
  append: { append: true, create: true },
  update: { read: true, write: true, create: true },
} as const;

async function open(
  { how, what }: Spec,
  plan: SocketPlan,
  stack: DisposableStack,
  stop: AbortSignal,
): Promise<OwnedFd> {
  switch (how) {
    case "read":
    case "write":
    case "append":
    case "update":
      return stack.use(await openFile(what, OPTIONS[how], stop));
    case "listen":
    case "unix":
      return openSocket(what, "stream", plan, stack);
    case "seqpacket":
    case "dgram":
      return openSocket(what, how, plan, stack);
    case "tcp":
    case "udp":
      return stack.use(openInternet(how, what, plan.backlog));
    case "fd":
      return stack.use(inherited(Number(what)));
  }
}

const O_CLOEXEC = 0o2000000;

function inherited(number: number): OwnedFd {
  // What Deno has opened itself is closed on exec, and was not inherited.
  const flags = /^flags:\s*([0-7]+)$/m.exec(readProc(`/proc/self/fdinfo/${number}`) ?? "")?.[1];
  if (flags === undefined || parseInt(flags, 8) & O_CLOEXEC) {
    throw new Error(`Cannot hand on fd:${number}: it is not open here`);
  }
  const original = OwnedFd.adopt(number);
  const copy = original.dup();
  original.detach();
  return copy;
}

function openSocket(
  address: string,
  type: "stream" | "seqpacket" | "dgram",
  { backlog, mode, replace, isShared }: SocketPlan,
  stack: DisposableStack,
): OwnedFd {
  const hasFile = !address.startsWith("@");
  const options: BindOptions = hasFile
    ? { replaceStale: replace, unlinkOnClose: false, ...(mode === undefined ? {} : { mode }) }
    : {};
  const socket = bound(
    address,
    replace,
    () =>
      type === "dgram"
        ? unix.bind(address, options)
        : unix.listen(address, { type, backlog, ...options }),
  );
  const file = OwnedFd.adopt(socket.detach());
  const own = hasFile ? pathInfo(address, false) : undefined;
  stack.defer(() => {
    file.close();
    if (!isSameFile(pathInfo(address, false), own)) return;
    if (!isShared || !isInUse(address, type)) remove(address);
  });
  return file;
}

/** Whether a process has the socket. It is asked for another type, which its owner does not notice. */
function isInUse(path: string, type: "stream" | "seqpacket" | "dgram"): boolean {
  try {
    unix.connectSync(path, { type: type === "dgram" ? "stream" : "dgram" }).close();
    return true;
  } catch (error) {
    return codeOf(error) === "EPROTOTYPE";
  }
}
