/**
 * Control messages to bytes and back: `struct cmsghdr` and what follows it, by cmsg(3). Bytes and
 * layout in, bytes out, no system call.
 *
 * @module
 */

import type { Platform } from "../../ffi/platform/mod.ts";

/** The part of a platform's table that the codec needs. */
export type CmsgLayout = Pick<Platform, "cmsghdr" | "cmsgAlignment">;

/** One control message found in a buffer. */
export interface ControlItem {
  /** The protocol level, as `SOL_SOCKET`. */
  readonly level: number;
  /** The type within the level, as `SCM_RIGHTS`. */
  readonly type: number;
  /** The payload: a view into the buffer, never past its end. */
  readonly data: Uint8Array;
}

/** Round `length` up to the alignment of control messages: `CMSG_ALIGN`. */
export function cmsgAlign(length: number, layout: CmsgLayout): number {
  const mask = layout.cmsgAlignment - 1;
  return (length + mask) & ~mask;
}

/** What goes into `cmsg_len` for a payload of `length` bytes: `CMSG_LEN`. */
export function cmsgLen(length: number, layout: CmsgLayout): number {
  return cmsgAlign(layout.cmsghdr.size, layout) + length;
}

/** The space that a payload of `length` bytes takes, padding included: `CMSG_SPACE`. */
export function cmsgSpace(length: number, layout: CmsgLayout): number {
  return cmsgAlign(layout.cmsghdr.size, layout) + cmsgAlign(length, layout);
}

/**
 * Write the header of a control message with a payload of `length` bytes at `offset`, and return where
 * the payload starts. The buffer must have `cmsgSpace(length)` bytes there.
 */
export function writeHeader(
  view: DataView,
  offset: number,
  level: number,
  type: number,
  length: number,
  layout: CmsgLayout,
): number {
  const { cmsg_len, cmsg_level, cmsg_type } = layout.cmsghdr;
  view.setUint32(offset + cmsg_len[0], cmsgLen(length, layout), true);
  if (cmsg_len[1] === 8) view.setUint32(offset + cmsg_len[0] + 4, 0, true);
  view.setInt32(offset + cmsg_level[0], level, true);
  view.setInt32(offset + cmsg_type[0], type, true);
  return offset + cmsgLen(0, layout);
}

/** Write the header of a control message at `offset`, and return its payload of `length` bytes to fill in. */
export function writeControl(
  buffer: Uint8Array,
  offset: number,
  level: number,
  type: number,
  length: number,
  layout: CmsgLayout,
): Uint8Array {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const start = writeHeader(view, offset, level, type, length, layout);
  return buffer.subarray(start, start + length);
}

/** Where one control message lies in a buffer, in bytes. */
export interface ControlPosition {
  /** The protocol level. */
  level: number;
  /** The type within the level. */
  type: number;
  /** Where the payload starts. */
  start: number;
  /** Where the payload ends: never past the end of what arrived. */
  end: number;
  /** Where the next message starts. */
  next: number;
}

/** Return a position before the first control message. */
export function controlStart(): ControlPosition {
  return { level: 0, type: 0, start: 0, end: 0, next: 0 };
}

/**
 * Move `position` to the next control message among the first `length` bytes of `view`, which the kernel
 * filled or a peer could have shaped; false if there is none. It allocates nothing.
 *
 * A length below the header ends the walk: nothing after it can be trusted. A length past the end is
 * cut at the end, which is what a truncated last message looks like on some systems. The step to the
 * next message is the aligned length, so the walk always moves on.
 */
export function nextControl(
  position: ControlPosition,
  view: DataView,
  length: number,
  layout: CmsgLayout,
): boolean {
  const { cmsg_len, cmsg_level, cmsg_type, size } = layout.cmsghdr;
  const offset = position.next;
  if (offset + size > length) return false;
  const claimed = readLength(view, offset + cmsg_len[0], cmsg_len[1]);
  const header = cmsgLen(0, layout);
  if (claimed < header) return false;
  position.level = view.getInt32(offset + cmsg_level[0], true);
  position.type = view.getInt32(offset + cmsg_type[0], true);
  position.end = Math.min(offset + claimed, length);
  position.start = Math.min(offset + header, position.end);
  position.next = offset + claimed >= length ? length : offset + cmsgAlign(claimed, layout);
  return true;
}

/** Take apart the control messages in `bytes`, by {@linkcode nextControl}. */
export function parseControl(bytes: Uint8Array, layout: CmsgLayout): ControlItem[] {
  const items: ControlItem[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const position = controlStart();
  while (nextControl(position, view, bytes.byteLength, layout)) {
    const { level, type, start, end } = position;
    items.push({ level, type, data: bytes.subarray(start, end) });
  }
  return items;
}

/** A length too large for a safe integer is larger than any buffer: infinite serves as well. */
function readLength(view: DataView, offset: number, width: number): number {
  const low = view.getUint32(offset, true);
  if (width === 4 || view.getUint32(offset + 4, true) === 0) return low;
  return Infinity;
}

/** Read the descriptors in an `SCM_RIGHTS` payload. Bytes that do not make up a whole number are none. */
export function readDescriptors(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const descriptors: number[] = [];
  for (let offset = 0; offset + 4 <= data.byteLength; offset += 4) {
    descriptors.push(view.getInt32(offset, true));
  }
  return descriptors;
}

/** Write descriptors into an `SCM_RIGHTS` payload of four bytes each. */
export function writeDescriptors(data: Uint8Array, descriptors: readonly number[]): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  descriptors.forEach((fd, index) => view.setInt32(index * 4, fd, true));
}

/**
 * The sender of a message or the peer of a connection, as the kernel checked it.
 *
 * @example
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const { pid, uid, gid } = a.peerCredentials();
 * console.log(pid, uid, gid, b.type);
 * ```
 */
export interface Credentials {
  /** Process ID, in this process's PID namespace; 0 for a process outside of it. */
  readonly pid: number;
  /** User ID, in this process's user namespace. */
  readonly uid: number;
  /** Group ID, in this process's user namespace. */
  readonly gid: number;
}

/** The size of `struct ucred` in bytes. */
export const UCRED_SIZE = 12;

/** What the kernel reports in place of a user or group that it does not know: the overflow ID. */
const OVERFLOW_ID = 65534;

/** Read the `struct ucred` at `offset`, as it is. */
export function credentialsAt(view: DataView, offset: number): Credentials {
  return {
    pid: view.getInt32(offset, true),
    uid: view.getUint32(offset + 4, true),
    gid: view.getUint32(offset + 8, true),
  };
}

/**
 * Whether the credentials are those of an unknown sender, which sent before the receiver asked for credentials. A
 * process outside of the receiver's PID namespace has the process ID 0, too, but its own user and group.
 */
export function isUnknownSender({ pid, uid, gid }: Credentials): boolean {
  return pid === 0 && uid === OVERFLOW_ID && gid === OVERFLOW_ID;
}

/** Whether two messages have the same sender, as far as the kernel reports it: both unknown, or equal credentials. */
export function isSameSender(a: Credentials | undefined, b: Credentials | undefined): boolean {
  return a?.pid === b?.pid && a?.uid === b?.uid && a?.gid === b?.gid;
}

/** Read a `struct ucred`; `undefined` if it is cut short, or says that the sender is unknown. */
export function readCredentials(data: Uint8Array): Credentials | undefined {
  if (data.byteLength < UCRED_SIZE) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const credentials = credentialsAt(view, 0);
  return isUnknownSender(credentials) ? undefined : credentials;
}

/** Write a `struct ucred`. */
export function writeCredentials(data: Uint8Array, credentials: Credentials): void {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  view.setInt32(0, credentials.pid, true);
  view.setUint32(4, credentials.uid, true);
  view.setUint32(8, credentials.gid, true);
}
