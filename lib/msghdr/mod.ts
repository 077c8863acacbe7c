/**
 * Message headers for sendmsg(2) and recvmsg(2), on typed arrays: the raw layer, for protocols that
 * need control messages of their own.
 *
 * @module
 */

import "../../ffi/runtime.ts";

export {
  type AsyncMessageCallOptions,
  type MessageCallOptions,
  recvmsg,
  recvmsgSync,
  sendmsg,
  sendmsgSync,
} from "./calls.ts";
export { cmsgLen, cmsgSpace } from "./cmsg.ts";
export { type ControlMessage, Msghdr, type MsghdrInit } from "./msghdr.ts";
export type { OwnedFd } from "../handle/owned_fd.ts";
export type { Address } from "../address/sockaddr.ts";
export type { SendOptions, Socket } from "../handle/socket.ts";
