/**
 * `fdpass run --inetd`: a program for each connection, as inetd(8) starts it.
 *
 * @module
 */

import { UsageError, warn } from "../cli/run.ts";
import { oneLine } from "../cli/text.ts";
import { describeSocket } from "../inspect/socket.ts";
import { ended, spawn } from "../native/process.ts";
import { Slots } from "../slots.ts";
import type { NamedFile } from "./files.ts";

/** As many programs run at once; further connections wait. */
const MAX_PROGRAMS = 64;

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
  const socket = listener.file.asListener();
  stop.addEventListener("abort", () => socket.close());
  const slots = new Slots(MAX_PROGRAMS);
  for await (const connection of socket) {
    using _ = connection;
    await slots.take();
    try {
      const { fd } = connection;
      const pid = spawn(program, command, new Map([[0, fd], [1, fd]]), {});
      ended(pid).then(() => slots.give());
    } catch (error) {
      slots.give();
      warn("fdpass", oneLine(error));
    }
  }
  throw stop.reason;
}
