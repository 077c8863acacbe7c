/**
 * Connecting to a Unix socket.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { makeBlocking, setNonblocking } from "../../ffi/syscalls/files.ts";
import { connect as connectCall } from "../../ffi/syscalls/sockets.ts";
import { delay } from "../descriptor/delay.ts";
import type { Descriptor } from "../descriptor/descriptor.ts";
import { check } from "../errors.ts";
import { type Destination, destinationOf, needsShortening } from "../address/destination.ts";
import type { Address, Name } from "../address/sockaddr.ts";
import { checkedBusyPoll } from "../socket/options.ts";
import { createSocket, type Socket } from "../handle/socket.ts";
import { type SocketType, typeNumber } from "../socket/socket_type.ts";
import {
  bindDescriptor,
  type FilePlan,
  parseBindAddress,
  planFile,
  withNewSocket,
} from "./bind.ts";
import type { SocketFlags } from "./flags.ts";

/** How {@linkcode connect} connects. */
export interface ConnectOptions extends SocketFlags {
  /** The type of the socket: that of the server's. The default is `"stream"`. */
  type?: SocketType;
  /** Ends the wait for a place in the server's queue; the promise is rejected with the signal's reason. */
  signal?: AbortSignal;
  /** The address of this end, which datagram servers answer to. The default is none; `""` lets the kernel choose. */
  localAddress?: Address;
  /** How long to look for an event before parking, in microseconds from 0 (the default: off) to 1,000,000. */
  busyPoll?: number;
}

/** The first and the longest pause before asking a full server again, in milliseconds. */
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 32;

/** Everything about a connection that can be checked before there is one. */
interface Plan {
  readonly type: SocketType;
  readonly busyPoll: number;
  readonly local: Name | undefined;
  readonly file: FilePlan | undefined;
}

function plan(options: ConnectOptions): Plan {
  const { type = "stream", busyPoll = 0, localAddress } = options;
  typeNumber(type);
  const local = localAddress === undefined ? undefined : parseBindAddress(localAddress);
  const file = local === undefined ? undefined : planFile(local, {}, type === "dgram");
  return { type, busyPoll: checkedBusyPoll(busyPoll), local, file };
}

/** Make the socket that is to be connected. */
function prepare({ type, local, file }: Plan, flags: SocketFlags): Descriptor {
  return withNewSocket(typeNumber(type), flags, "Socket", (descriptor) => {
    if (local !== undefined && file !== undefined) bindDescriptor(descriptor, local, file);
  });
}

function finish(descriptor: Descriptor, made: Plan, destination: Destination): Socket {
  const local = made.local !== undefined && needsShortening(made.local)
    ? made.local.bytes
    : undefined;
  const socket = createSocket(descriptor, made.type, { local, remote: destination.shortened });
  if (made.busyPoll > 0) socket.busyPoll = made.busyPoll;
  return socket;
}

/**
 * Connect to a Unix socket. A server whose queue is full is asked again until it has room, or the signal
 * aborts. A failure leaves nothing open.
 *
 * @param address a path or an abstract name
 * @throws {InvalidAddressError} if the address cannot be connected to
 * @throws {Deno.errors.NotFound} if the path is not there
 * @throws {Deno.errors.ConnectionRefused} if nobody listens there
 * @throws {Deno.errors.PermissionDenied} if the socket file is not writable
 * @throws {SyscallError} with `code` `EPROTOTYPE` if the socket there has another type
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
  const { signal } = options;
  signal?.throwIfAborted();
  const made = plan(options);
  const destination = destinationOf(address);
  let descriptor: Descriptor | undefined;
  try {
    // Without O_NONBLOCK a full queue would block the thread.
    descriptor = prepare(made, { cloexec: options.cloexec ?? true, nonblocking: true });
    if (!tryToConnect(descriptor, destination)) {
      await connectPatiently(descriptor, destination, signal);
    }
    if (options.nonblocking !== true) check(makeBlocking(descriptor.fd), "fcntl");
    return finish(descriptor, made, destination);
  } catch (error) {
    descriptor?.close();
    throw error;
  } finally {
    // In place of `using`, which costs as much as a system call.
    destination[Symbol.dispose]();
  }
}

/** Connect, unless the server's queue is full. */
function tryToConnect(descriptor: Descriptor, destination: Destination): boolean {
  const result = connectCall(descriptor.fd, destination.sockaddr);
  if (result === -platform.EAGAIN) return false;
  check(result, "connect", destination.display);
  return true;
}

/** No event tells of a free place in the queue: ask again, less and less often. */
async function connectPatiently(
  descriptor: Descriptor,
  destination: Destination,
  signal: AbortSignal | undefined,
): Promise<void> {
  let pause = FIRST_PAUSE;
  do {
    await delay(pause, signal);
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  } while (!tryToConnect(descriptor, destination));
}

/**
 * Connect to a Unix socket, blocking the thread while the server's queue is full: what `connect` does.
 *
 * @throws {Deno.errors.NotFound} if the path is not there
 * @throws {Deno.errors.ConnectionRefused} if nobody listens there
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
export function connectSync(
  address: Address,
  options: Omit<ConnectOptions, "signal"> = {},
): Socket {
  const made = plan(options);
  using destination = destinationOf(address);
  const descriptor = prepare(made, { cloexec: options.cloexec ?? true, nonblocking: false });
  try {
    check(connectCall(descriptor.fd, destination.sockaddr), "connect", destination.display);
    if (options.nonblocking === true) check(setNonblocking(descriptor.fd, true), "fcntl");
    return finish(descriptor, made, destination);
  } catch (error) {
    descriptor.close();
    throw error;
  }
}
