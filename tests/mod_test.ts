/**
 * The public names and signatures: what no later change may take away. `deno check` does most of it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import * as root from "../mod.ts";
import type {
  Address,
  Credentials,
  Dialer,
  DialOptions,
  FileLike,
  Listener,
  Message,
  Msghdr,
  OwnedFd,
  ReceiveOptions,
  Socket,
} from "../mod.ts";
import { tempDir } from "./util/tempdir.ts";

type SocketType = "stream" | "seqpacket" | "dgram";
interface Flags {
  cloexec?: boolean;
  nonblocking?: boolean;
}
interface FileOptions extends Flags {
  mode?: number;
  replaceStale?: boolean;
  unlinkOnClose?: boolean;
}
interface SyncConnectOptions extends Flags {
  type?: SocketType;
  localAddress?: Address;
  busyPoll?: number;
}
interface Signal {
  signal?: AbortSignal;
}
type ListenOptions = FileOptions & { type?: "stream" | "seqpacket"; backlog?: number };

/** The functions of `unix`, as users may call them. */
interface Unix {
  connect(address: Address, options?: SyncConnectOptions & Signal): Promise<Socket>;
  connectSync(address: Address, options?: SyncConnectOptions): Socket;
  listen(address: Address, options?: ListenOptions): Listener;
  bind(address: Address, options?: FileOptions): Socket;
  accept(listener: Listener, flags?: Flags & Signal): Promise<Socket>;
  acceptSync(listener: Listener, flags?: Flags): Socket;
  socketpair(flags?: Flags & { type?: SocketType }): [Socket, Socket];
  addFiles(msg: Msghdr, ...files: FileLike[]): void;
  allocFiles(msg: Msghdr, nfile: number): void;
  recvFiles(msg: Msghdr, nfile?: number): OwnedFd[];
}

interface Outgoing {
  data?: Uint8Array | readonly Uint8Array[];
  files?: readonly (number | { readonly fd: number })[];
  credentials?: Credentials;
  to?: Address;
}

/** What a socket has beyond `Deno.Conn`. */
interface Messages {
  readonly fd: number;
  readonly type: SocketType;
  readonly localAddress: Uint8Array | null;
  readonly remoteAddress: Uint8Array | null;
  readSync(bytes: Uint8Array): number | null;
  writeSync(bytes: Uint8Array): number;
  shutdown(how: "read" | "write" | "both"): void;
  detach(): number;
  send(message: Outgoing, options?: Signal): Promise<number>;
  sendSync(message: Outgoing): number;
  receive(options?: ReceiveOptions): Promise<Message | null>;
  receiveSync(options?: Omit<ReceiveOptions, "signal">): Message | null;
  messages(options?: ReceiveOptions): AsyncIterableIterator<Message>;
  peerCredentials(): Credentials;
  peerPidfd(): OwnedFd;
  peerGroups(): number[];
  peerSecurity(): string;
  getOption(level: number, name: number): number;
  setOption(level: number, name: number, value: number | boolean | Uint8Array): void;
  sendBufferSize: number;
  receiveBufferSize: number;
  passCredentials: boolean;
  passRights: boolean;
}

/** The functions at the root. */
interface Root {
  dial(protocol: string, address: string, service?: string, options?: Signal): Promise<Deno.Conn>;
  dialUri(uri: string | URL, options?: DialOptions): Promise<Deno.Conn>;
  registerProtocol(name: string, dialer: Dialer, options?: root.ProtocolOptions): Disposable;
  registerService(service: root.Service): Disposable;
  lookupService(protocol: string, service: string): number | undefined;
  sendmsg(s: Socket, m: Msghdr, o?: { flags?: number } & Signal): Promise<number>;
  recvmsg(s: Socket, m: Msghdr, o?: { flags?: number } & Signal): Promise<number>;
  sendmsgSync(s: Socket, m: Msghdr, o?: { flags?: number }): number;
  recvmsgSync(s: Socket, m: Msghdr, o?: { flags?: number }): number;
}

Deno.test("mod.ts exports its functions with the signatures that programs rely on", () => {
  const functions: Root = root;
  const unix: Unix = root.unix;
  assertEquals(typeof functions.dial, "function");
  assertEquals(typeof unix.connect, "function");
});

Deno.test("Socket and Listener are what takes messages, and Deno's own classes", () => {
  const asConn = (it: Socket): Deno.Conn<Deno.UnixAddr> & Messages => it;
  const asListener = (it: Listener): Deno.Listener<Socket, Deno.UnixAddr> => it;
  using dir = tempDir();
  using listener = root.unix.listen(dir.join("a"));
  const [a, b] = root.unix.socketpair();
  using _a = a;
  using _b = b;
  assertEquals([asConn(a).type, asListener(listener).addr.transport], ["stream", "unix"]);
});

Deno.test("mod.ts exports the names that programs rely on", () => {
  const names = "ControlTruncatedError InvalidAddressError Listener Msghdr OwnedFd Socket " +
    "SyscallError UnknownProtocolError UnknownServiceError dial dialUri lookupService recvmsg " +
    "recvmsgSync registerProtocol registerService sendmsg sendmsgSync unix";
  assertEquals(Object.keys(root).sort(), names.split(" "));
});
