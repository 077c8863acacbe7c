/**
 * Unix domain sockets for Deno, on FFI: stream, seqpacket and datagram sockets, passing open files
 * between processes, peer identity, a dial registry, and message-header helpers on typed arrays.
 *
 * The functions of `unix` have a page of their own, `@denet/unix/unix`; in a terminal:
 * `deno doc jsr:@denet/unix/unix`.
 *
 * @example
 * ```ts
 * import { dial, unix } from "@denet/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path, { mode: 0o600 });
 * using client = await dial("unix", path);
 * using server = await listener.accept();
 * await server.send({ data: new TextEncoder().encode("hello") });
 * console.log(await client.read(new Uint8Array(16)));
 * ```
 *
 * @module
 */

import "./ffi/runtime.ts";

export {
  dial,
  type Dialer,
  type DialOptions,
  dialUri,
  lookupService,
  type ProtocolOptions,
  registerProtocol,
  registerService,
  type Service,
  type TlsOptions,
  UnknownProtocolError,
  UnknownServiceError,
} from "./lib/dial/mod.ts";
export {
  ControlTruncatedError,
  InvalidAddressError,
  SyscallError,
  type SystemErrorInfo,
} from "./lib/errors.ts";
export { OwnedFd } from "./lib/handle/owned_fd.ts";
export type { FileMethods, WaitOptions } from "./lib/handle/file_methods.ts";
export { Listener } from "./lib/handle/listener.ts";
export {
  type AsyncMessageCallOptions,
  type ControlMessage,
  type MessageCallOptions,
  Msghdr,
  type MsghdrInit,
  recvmsg,
  recvmsgSync,
  sendmsg,
  sendmsgSync,
} from "./lib/msghdr/mod.ts";
export {
  type ReadOptions,
  type SendOptions,
  Socket,
  type WriteOptions,
} from "./lib/handle/socket.ts";
export type { SocketTransfer } from "./lib/handle/socket_transfer.ts";
export type { SocketOptions } from "./lib/handle/socket_options.ts";
export type { PeerIdentity } from "./lib/handle/peer_identity.ts";
export type { SocketEndpoint } from "./lib/handle/socket_endpoint.ts";
export type {
  AcceptOptions,
  AcceptSyncOptions,
  Address,
  BindOptions,
  ConnectOptions,
  ConnectSyncOptions,
  Credentials,
  FileKind,
  FileLike,
  FileMapping,
  ListenerAcceptOptions,
  ListenerAcceptSyncOptions,
  ListenOptions,
  MapOptions,
  MemfdOptions,
  Message,
  OpenOptions,
  OutgoingMessage,
  ReadyOptions,
  ReceiveOptions,
  Seal,
  SocketConnectOptions,
  SocketCreateOptions,
  SocketFileOptions,
  SocketFlags,
  SocketListenOptions,
  SocketpairOptions,
  SocketSetup,
  SocketType,
  SyncReceiveOptions,
  SyncSocketConnectOptions,
} from "./lib/unix/mod.ts";
export * as unix from "./lib/unix/mod.ts";
