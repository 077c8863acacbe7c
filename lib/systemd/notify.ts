/**
 * Notification of the service manager: sd_notify(3).
 *
 * @module
 */

import { requireSignal } from "../descriptor/signal.ts";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import { monotonicMicroseconds } from "../../ffi/syscalls/clock.ts";
import { check, notSupported, requireOptions } from "../errors.ts";
import { fileNumbers } from "../fd/file_like.ts";
import { type OwnedFd, ownFd } from "../handle/owned_fd.ts";
import type { OutgoingMessage } from "../socket/outgoing_message.ts";
import { connect, connectSync } from "../unix/mod.ts";
import { invalid } from "./environment.ts";
import { encodeState, type NotifyState } from "./notify_state.ts";

/**
 * How {@linkcode notify} and {@linkcode notifyBarrier} wait.
 *
 * @example
 * ```ts
 * import { notify } from "@denet/unix/systemd";
 *
 * await notify({ ready: true }, { signal: AbortSignal.timeout(5000) });
 * ```
 */
export interface NotifyOptions {
  /** Ends the wait; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
}

/**
 * Tell the service manager the state of this service, and store files there. Waits while the manager's queue
 * is full.
 *
 * The address is in the variable `NOTIFY_SOCKET`, a path or an abstract name; it is all that this needs
 * `--allow-env` for.
 *
 * @returns Whether the message was sent: false if the variable is not set, as the service has no manager then.
 * @throws {TypeError} If the state holds nothing, or a value is of the wrong type.
 * @throws {RangeError} If a value is out of range.
 * @throws {Deno.errors.ConnectionRefused} If the manager is gone.
 * @throws {Deno.errors.NotFound} If the manager and its socket are gone.
 * @throws {Deno.errors.NotSupported} If the variable holds an address of another kind, such as `vsock:`.
 * @throws {Deno.errors.NotCapable} If there is no permission for the variable.
 *
 * Follows sd_notify(3) and sd_pid_notify_with_fds(3).
 *
 * @example A service that reports
 * ```ts
 * import { notify } from "@denet/unix/systemd";
 *
 * await notify({ ready: true, status: "Listening on /run/app.sock" });
 * await notify({ stopping: true });
 * ```
 *
 * @example Keep a listener over a restart; it comes back from `listenFds` under its name
 * ```ts
 * import { unix } from "@denet/unix";
 * import { notify } from "@denet/unix/systemd";
 *
 * using listener = unix.listen(`${Deno.makeTempDirSync()}/app.sock`);
 * await notify({ store: [listener], name: "app" });
 * await notify({ unstore: true, name: "app" });
 * ```
 */
export async function notify(state: NotifyState, options: NotifyOptions = {}): Promise<boolean> {
  const message = messageOf(state);
  return await send(message, options);
}

/**
 * Tell the service manager the state of this service, blocking the thread: what `notify` does.
 *
 * @example
 * ```ts
 * import { notifySync } from "@denet/unix/systemd";
 *
 * globalThis.addEventListener("unload", () => notifySync({ stopping: true }));
 * ```
 */
export function notifySync(state: NotifyState): boolean {
  const message = messageOf(state);
  const address = managerAddress();
  if (address === undefined) return false;
  const socket = connectSync(address, { type: "dgram" });
  try {
    socket.sendSync(message);
  } finally {
    socket.close();
  }
  return true;
}

/**
 * Wait until the service manager has handled every earlier message, by `BARRIER=1`. A short-lived program calls
 * this before it ends, so that the manager still finds its process.
 *
 * @returns Whether there is a manager: false if the variable `NOTIFY_SOCKET` is not set.
 * @throws {Error} If `notify` throws it.
 *
 * Follows sd_notify_barrier(3).
 *
 * @example
 * ```ts
 * import { notify, notifyBarrier } from "@denet/unix/systemd";
 *
 * await notify({ status: "Done" });
 * await notifyBarrier({ signal: AbortSignal.timeout(5000) });
 * ```
 */
export async function notifyBarrier(options: NotifyOptions = {}): Promise<boolean> {
  requireOptions(options, "wait for the manager");
  const { signal } = options;
  requireSignal(signal);
  if (managerAddress() === undefined) return false;
  const ends = pipe();
  if (typeof ends === "number") check(ends, "pipe");
  const [reading, writing] = (ends as [number, number]).map(ownFd) as [OwnedFd, OwnedFd];
  const abort = () => reading.close();
  signal?.addEventListener("abort", abort);
  try {
    await send({ data: new TextEncoder().encode("BARRIER=1"), files: [writing] }, options);
    // The manager closes its copy when it handles the message: then the pipe has no writer left.
    writing.close();
    while (await reading.read(new Uint8Array(1)) !== null);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    writing.close();
    reading.close();
  }
  return true;
}

function messageOf(state: NotifyState): OutgoingMessage {
  requireOptions(state, "notify");
  const data = new TextEncoder().encode(encodeState(state, monotonicMicroseconds));
  const { store = [] } = state;
  fileNumbers(store); // before the socket is made
  return { data, files: store };
}

async function send(message: OutgoingMessage, options: NotifyOptions): Promise<boolean> {
  requireOptions(options, "notify");
  requireSignal(options.signal);
  const address = managerAddress();
  if (address === undefined) return false;
  const socket = await connect(address, { type: "dgram", ...options });
  try {
    await socket.send(message, options);
  } finally {
    socket.close();
  }
  return true;
}

function managerAddress(): string | undefined {
  const address = Deno.env.get("NOTIFY_SOCKET");
  if (address === undefined || /^[/@]./s.test(address)) return address;
  if (!address.startsWith("vsock")) {
    throw invalid("NOTIFY_SOCKET", address, "it is neither an absolute path nor an abstract name");
  }
  throw notSupported(
    `Cannot notify ${JSON.stringify(address)}: only Unix sockets are supported, not vsock`,
  );
}
