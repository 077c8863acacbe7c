/**
 * `fdpass run --inetd`: a program for each connection, as inetd(8) starts it.
 *
 * @module
 */

import type { OwnedFd } from "../../mod.ts";
import { UsageError, warn } from "../cli/run.ts";
import { oneLine } from "../cli/text.ts";
import { describeSocket } from "../inspect/socket.ts";
import { libc } from "../native/libc.ts";
import { ended, spawn } from "../native/process.ts";
import { Slots } from "../slots.ts";
import type { NamedFile } from "./files.ts";

/** As many programs run at once; further connections wait. */
const MAX_PROGRAMS = 64;

const SOCK_CLOEXEC = 0o2000000;

/** How long to wait when nothing can be accepted, in milliseconds. */
const PAUSE = 50;

/**
 * Start a program for each connection, until the signal aborts. Programs that run then go on.
 *
 * @throws {UsageError} If there is not one listening socket.
 */
export async function serveConnections(
  files: readonly NamedFile[],
  program: string,
  command: readonly string[],
  stop: AbortSignal,
): Promise<number> {
  const listening = files.filter(({ file }) =>
    file.kind() === "socket" && describeSocket(file.fd).listening
  );
  const [listener] = listening;
  if (listener === undefined || files.length > 1) {
    throw new UsageError(
      "Give one FILE that listens for --inetd, such as listen:PATH or tcp:HOST:PORT",
    );
  }
  const { file } = listener;
  const before = file.nonblocking;
  // Another process may take the connection that was announced.
  file.nonblocking = true;
  try {
    return await serveAll(file, program, command, stop);
  } finally {
    // The flag belongs to the open file: others that have it may rely on calls that wait.
    file.nonblocking = before;
  }
}

async function serveAll(
  listener: OwnedFd,
  program: string,
  command: readonly string[],
  stop: AbortSignal,
): Promise<never> {
  const slots = new Slots(MAX_PROGRAMS);
  stop.addEventListener("abort", () => slots.give()); // it may be waited for
  for (;;) {
    await slots.take();
    const connection = await accepted(listener, stop);
    try {
      const pid = spawn(program, command, new Map([[0, connection], [1, connection]]), {});
      ended(pid).then(() => slots.give());
    } catch (error) {
      slots.give();
      warn("fdpass", oneLine(error));
    } finally {
      libc().close(connection);
    }
  }
}

async function accepted(listener: OwnedFd, stop: AbortSignal): Promise<number> {
  const ready = { signal: stop };
  for (;;) {
    await listener.ready("read", ready);
    const fd = libc().accept4(listener.fd, null, null, SOCK_CLOEXEC);
    if (fd >= 0) return fd;
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    stop.throwIfAborted();
  }
}
