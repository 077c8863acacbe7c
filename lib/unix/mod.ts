/**
 * Unix domain sockets: stream, seqpacket and datagram; path, abstract and autobound addresses; passing
 * open files between processes; pairs; peer identity. Importing this module adds the protocols `unix`,
 * `unixpacket` and `unixgram` to `dial`; it needs no permission and opens nothing.
 *
 * The first call needs FFI permission: `--allow-ffi`, or `--allow-ffi=` with the absolute path of the C
 * library. No other permission is asked for.
 *
 * @example
 * ```ts
 * import { listen, connect, accept } from "@denet/unix/unix";
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = listen(path);
 * using client = await connect(path);
 * using server = await accept(listener);
 * await client.send({ data: new TextEncoder().encode("standard input"), files: [0] });
 * using message = await server.receive({ files: 1 });
 * console.log(message?.files[0]?.kind());
 * ```
 *
 * @module
 */

import "../../ffi/runtime.ts";
import "./provider.ts";

export { accept, type AcceptOptions, acceptSync, type AcceptSyncOptions } from "./accept.ts";
export { bind, type BindOptions } from "./bind.ts";
export { connect, type ConnectOptions, connectSync, type ConnectSyncOptions } from "./connect.ts";
export { type Constants, constants } from "./constants.ts";
export { backend as reactorBackend, type BackendName } from "../reactor/mod.ts";
export type { SocketFileOptions } from "../socket/binder.ts";
export type { SocketFlags, SocketSetup } from "../socket/setup.ts";
export { listen, type ListenOptions } from "./listen.ts";
export { load } from "./load.ts";
export { addFiles, allocFiles, recvFiles, recvPidfd } from "../msghdr/rights.ts";
export { socket, type SocketCreateOptions } from "./socket.ts";
export { socketpair, type SocketpairOptions } from "./socketpair.ts";
export type { Address } from "../address/sockaddr.ts";
export type { Credentials } from "../message/cmsg.ts";
export type { FileKind } from "../fd/stat.ts";
export type { FileLike } from "../fd/file_like.ts";
export type { FileMapping, MapOptions } from "../fd/mapping.ts";
export type { MemfdOptions } from "../fd/memfd.ts";
export type { OpenOptions } from "../fd/open.ts";
export type { Seal } from "../fd/seals.ts";
export type { Message } from "../handle/message.ts";
export type { OutgoingMessage } from "../socket/outgoing_message.ts";
export type {
  ReceiveOptions,
  ReceiveRequest,
  SyncReceiveOptions,
} from "../handle/receive_options.ts";
export type { SyncOptions } from "../socket/time_limit.ts";
export type { SocketType } from "../socket/socket_type.ts";
export {
  Listener,
  type ListenerAcceptOptions,
  type ListenerAcceptSyncOptions,
} from "../handle/listener.ts";
export type {
  SocketConnectOptions,
  SocketListenOptions,
  SyncSocketConnectOptions,
} from "../handle/socket_endpoint.ts";
export type { ReadyOptions } from "../descriptor/ready.ts";
export { OwnedFd } from "../handle/owned_fd.ts";
export type { FileMethods, WaitOptions } from "../handle/file_methods.ts";
export { type ReadOptions, type SendOptions, Socket, type WriteOptions } from "../handle/socket.ts";
export type { SocketTransfer } from "../handle/socket_transfer.ts";
export type { PeerIdentity } from "../handle/peer_identity.ts";
export type { SocketEndpoint } from "../handle/socket_endpoint.ts";
export type { SocketOptions } from "../handle/socket_options.ts";
export {
  ControlTruncatedError,
  InvalidAddressError,
  SyscallError,
  type SystemErrorInfo,
} from "../errors.ts";
