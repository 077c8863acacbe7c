/**
 * Accepting connections.
 *
 * @module
 */

import { requireOptions } from "../errors.ts";
import { acceptFrom, acceptSyncFrom, type Listener } from "../handle/listener.ts";
import type { Socket } from "../handle/socket.ts";
import { newSocketFlags, type SocketFlags } from "../socket/setup.ts";

/**
 * How {@linkcode accept} accepts.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = await unix.connect(path);
 * using server = await unix.accept(listener, { cloexec: false, signal: AbortSignal.timeout(5000) });
 * assertEquals(server.closeOnExec, false);
 * console.log(client.type);
 * ```
 */
export interface AcceptOptions extends SocketFlags {
  /** Ends the wait; the promise is rejected with the signal's reason, and no connection is lost. */
  signal?: AbortSignal;
}

/**
 * How {@linkcode acceptSync} accepts.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { assertThrows } from "@std/assert";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * assertThrows(() => unix.acceptSync(listener, { timeout: 10 }), Deno.errors.TimedOut);
 * ```
 */
export interface AcceptSyncOptions extends SocketFlags {
  /** How long to block, in milliseconds. The default is the listener's `receiveTimeout`, and that is without limit. */
  timeout?: number;
}

/**
 * Accept a connection, by accept4(2).
 *
 * @param listener The listener to accept from.
 * @param flags The flags of the new descriptor, which inherits none from the listener, and how to wait.
 * @throws {Deno.errors.BadResource} If the listener is closed, also while waiting.
 * @throws {TypeError} If it is no listener, a flag is no boolean or `signal` no `AbortSignal`.
 * @throws {Error} If the process has too many descriptors (`code` is `EMFILE`); the connection stays queued.
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
export async function accept(listener: Listener, flags: AcceptOptions = {}): Promise<Socket> {
  requireOptions(flags, "accept a connection");
  return await acceptFrom(listener, newSocketFlags(flags), flags);
}

/**
 * Accept a connection, blocking the thread until one comes: what `accept` does.
 *
 * @param listener The listener to accept from.
 * @param flags The flags of the new descriptor, and how long to wait.
 * @throws {Deno.errors.BadResource} If the listener is closed.
 * @throws {Deno.errors.TimedOut} If none comes for `timeout` milliseconds.
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
export function acceptSync(listener: Listener, flags: AcceptSyncOptions = {}): Socket {
  requireOptions(flags, "accept a connection");
  return acceptSyncFrom(listener, newSocketFlags(flags), flags);
}
