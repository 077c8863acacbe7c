/**
 * Frames over stream sockets: messages with boundaries for protocols that run over a stream, with the open
 * files that were sent with them.
 *
 * Every such protocol needs the same code: collect bytes until a frame is complete, and find out which
 * descriptors belong to it. {@linkcode Frames} is that code; {@linkcode lengthPrefixed} and {@linkcode delimited}
 * describe the usual frames, and a function describes any others.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 * import { delimited, Frames } from "@denet/unix/frames";
 * import { assertEquals } from "@std/assert";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * using frames = new Frames(b, delimited());
 * await a.write(new TextEncoder().encode("hel"));
 * await a.write(new TextEncoder().encode("lo\n"));
 * using frame = await frames.next();
 * assertEquals(new TextDecoder().decode(frame?.body), "hello");
 * ```
 *
 * @module
 */

import "../../ffi/runtime.ts";

export { Frames, type FramesOptions, type NextOptions } from "./frames.ts";
export type { Frame } from "./frame.ts";
export { delimited, type Framing, lengthPrefixed, type LengthPrefixedOptions } from "./framing.ts";
export { ControlTruncatedError } from "../errors.ts";
export type { FileLike } from "../fd/file_like.ts";
export { OwnedFd } from "../handle/owned_fd.ts";
export { Socket } from "../handle/socket.ts";
export type { SendOptions } from "../handle/socket_transfer.ts";
export type { Credentials } from "../message/cmsg.ts";
export type { OutgoingMessage } from "../socket/outgoing_message.ts";
