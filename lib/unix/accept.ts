/**
 * Accepting connections.
 *
 * @module
 */

import { acceptConnection, acceptConnectionSync, type Listener } from "../handle/listener.ts";
import type { Socket } from "../handle/socket.ts";
import { newSocketFlags, type SocketFlags } from "./flags.ts";

/** How {@linkcode accept} accepts. */
export interface AcceptOptions extends SocketFlags {
  /** Ends the wait; the promise is rejected with the signal's reason, and no connection is lost. */
  signal?: AbortSignal;
}

/**
 * Accept a connection, by accept4(2).
 *
 * @param flags of the new descriptor: it inherits none from the listener
 * @throws {Deno.errors.BadResource} if the listener is closed, also while waiting
 * @throws {Error} with `code` `EMFILE` if the process has too many descriptors; the connection waits on
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = await unix.connect(path);
 * using server = await unix.accept(listener, { cloexec: false });
 * console.log(server.fd);
 * ```
 */
export function accept(listener: Listener, flags: AcceptOptions = {}): Promise<Socket> {
  return acceptConnection(listener, newSocketFlags(flags), flags.signal);
}

/**
 * Accept a connection, blocking the thread until one comes: what `accept` does.
 *
 * @throws {Deno.errors.BadResource} if the listener is closed
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = unix.connectSync(path);
 * using server = unix.acceptSync(listener);
 * console.log(server.type);
 * ```
 */
export function acceptSync(listener: Listener, flags: SocketFlags = {}): Socket {
  return acceptConnectionSync(listener, newSocketFlags(flags));
}
