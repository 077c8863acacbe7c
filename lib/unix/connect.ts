/**
 * Connecting to a Unix socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { makeBlocking } from "../../ffi/syscalls/files.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { perform, performSync } from "../descriptor/perform.ts";
import { requireSignal } from "../descriptor/signal.ts";
import { check, requireOptions } from "../errors.ts";
import { type Destination, destinationOf, needsShortening } from "../address/destination.ts";
import type { Address, Name } from "../address/sockaddr.ts";
import { createSocket, type Socket } from "../handle/socket.ts";
import {
  bindDescriptor,
  type FilePlan,
  newDescriptor,
  parseBindAddress,
  planFile,
} from "../socket/binder.ts";
import { progressed } from "../reactor/mod.ts";
import { Connector } from "../socket/connector.ts";
import { checkedBusyPoll } from "../socket/options.ts";
import { type CheckedSetup, checkedSetup, type SocketSetup } from "../socket/setup.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";
import { checkedTimeout } from "../socket/time_limit.ts";

/**
 * How {@linkcode connect} connects.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = await unix.connect(path, { signal: AbortSignal.timeout(5000), busyPoll: 50 });
 * console.log(client.busyPoll, listener.type);
 * ```
 */
export interface ConnectOptions extends SocketSetup {
  /** The type of the socket: that of the server's. The default is `"stream"`. */
  type?: SocketType;
  /** Ends the wait for a place in the server's queue; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** The address of this end, which datagram servers answer to. The default is none; `""` lets the kernel choose. */
  localAddress?: Address;
  /** How long to busy-poll before blocking, in microseconds from 0 (off, the default) to 1,000,000. */
  busyPoll?: number;
}

/**
 * How {@linkcode connectSync} connects.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = unix.connectSync(path, { timeout: 5000 });
 * console.log(client.type, listener.type);
 * ```
 */
export interface ConnectSyncOptions extends Omit<ConnectOptions, "signal"> {
  /** How long to block while the server's queue is full, in milliseconds. The default is without limit. */
  timeout?: number;
}

/** The options of a connection, checked before the first system call. */
interface Plan {
  readonly type: SocketType;
  readonly setup: CheckedSetup;
  readonly busyPoll: number;
  /** What to bind it to. */
  readonly local: { readonly name: Name; readonly file: FilePlan } | undefined;
}

function plan(options: ConnectOptions): Plan {
  const { type = "stream", busyPoll = 0, localAddress } = options;
  typeNumber(type);
  const setup = checkedSetup(options);
  const name = localAddress === undefined ? undefined : parseBindAddress(localAddress);
  const local = name && { name, file: planFile(name, {}, type === "dgram") };
  return { type, setup, busyPoll: checkedBusyPoll(busyPoll), local };
}

/** Make the socket that is to be connected. Without O_NONBLOCK a full queue would block the thread. */
function prepare({ type, setup, local }: Plan): Descriptor {
  const flags = { cloexec: setup.flags.cloexec, nonblocking: true };
  const bind = local &&
    ((descriptor: Descriptor) => void bindDescriptor(descriptor, local.name, local.file));
  return newDescriptor(typeNumber(type), { flags, apply: setup.apply }, "Socket", bind);
}

function finish(descriptor: Descriptor, made: Plan, destination: Destination): Socket {
  if (!made.setup.flags.nonblocking) check(makeBlocking(descriptor.fd), "fcntl");
  const local = made.local !== undefined && needsShortening(made.local.name)
    ? made.local.name.bytes
    : undefined;
  const socket = createSocket(descriptor, made.type, { local, remote: destination.shortened });
  if (made.busyPoll > 0) socket.busyPoll = made.busyPoll;
  return socket;
}

/**
 * Connect to a Unix socket. While the server's queue is full, it waits until there is space or the signal
 * aborts. A failure leaves nothing open.
 *
 * @param address A path or an abstract name.
 * @param options Type, flags and options of the socket, its own address, and how to wait.
 * @throws {InvalidAddressError} If the address cannot be connected to.
 * @throws {TypeError} If an option is of the wrong type.
 * @throws {RangeError} If an option is out of range.
 * @throws {Deno.errors.NotFound} If the path is not there.
 * @throws {Deno.errors.ConnectionRefused} If nothing listens there, or the path is no socket.
 * @throws {Deno.errors.PermissionDenied} If the socket file is not writable.
 * @throws {Deno.errors.NotSupported} If the system lacks an option that is asked for.
 * @throws {SyscallError} If the socket there has another type (`code` is `EPROTOTYPE`).
 *
 * Follows connect(2) and unix(7).
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = await unix.connect(path, { signal: AbortSignal.timeout(5000) });
 * using server = await unix.accept(listener);
 * await client.write(new TextEncoder().encode("ping"));
 * console.log(await server.read(new Uint8Array(16)));
 * ```
 */
export async function connect(address: Address, options: ConnectOptions = {}): Promise<Socket> {
  requireOptions(options, "connect");
  const { signal } = options;
  requireSignal(signal);
  const made = plan(options);
  const destination = destinationOf(address);
  let descriptor: Descriptor | undefined;
  try {
    descriptor = prepare(made);
    const connector = new Connector(descriptor, destination, true, -1);
    const result = connector.attempt();
    if (result === -platform.EAGAIN) await perform(descriptor.writing, connector, signal);
    else {
      connector.outcome(result);
      progressed();
    }
    return finish(descriptor, made, destination);
  } catch (error) {
    descriptor?.close();
    throw error;
  } finally {
    // In place of `using`, which costs as much as a system call.
    destination[Symbol.dispose]();
  }
}

/**
 * Connect to a Unix socket, blocking the thread while the server's queue is full: what `connect` does.
 *
 * @param address A path or an abstract name.
 * @param options Type, flags and options of the socket, its own address, and how long to wait.
 * @throws {Deno.errors.NotFound} If the path is not there.
 * @throws {Deno.errors.ConnectionRefused} If nothing listens there, or the path is no socket.
 * @throws {Deno.errors.TimedOut} If the server's queue stays full for `timeout` milliseconds.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using client = unix.connectSync(path);
 * using server = unix.acceptSync(listener);
 * client.writeSync(new Uint8Array([1]));
 * console.log(server.readSync(new Uint8Array(1)));
 * ```
 */
export function connectSync(address: Address, options: ConnectSyncOptions = {}): Socket {
  requireOptions(options, "connect");
  const timeout = checkedTimeout(options.timeout) ?? -1;
  const made = plan(options);
  const destination = destinationOf(address);
  let descriptor: Descriptor | undefined;
  try {
    descriptor = prepare(made);
    const connector = new Connector(descriptor, destination, true, timeout);
    performSync(descriptor.writing, connector, () => timeout);
    return finish(descriptor, made, destination);
  } catch (error) {
    descriptor?.close();
    throw error;
  } finally {
    destination[Symbol.dispose]();
  }
}
