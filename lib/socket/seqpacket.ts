/**
 * The end of a seqpacket connection: recvmsg(2) returns 0 for it, and for an empty message as well.
 *
 * @module
 */

import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { IncomingControl } from "../message/control.ts";
import { sharedHeader } from "../message/header.ts";
import { cmsgSpace } from "../message/cmsg.ts";
import { isReadingShutDown } from "./inspect.ts";
import { bytesAvailable, readIntOption, setIntOption } from "./options.ts";
import { peek, peekMessage } from "./peek.ts";

const oneByte = new Uint8Array(128).subarray(0, 1);

/** What {@linkcode lookAhead} returns for a message that has data, or has messages with data behind it. */
export const MESSAGE = 1;

/** What {@linkcode lookAhead} returns for a message without data. */
export const EMPTY_MESSAGE = 2;

/** What {@linkcode lookAhead} returns for the end of the connection. */
export const END = 0;

/** Whether the system counts the bytes of all messages, and tells how long one was that is cut: on Linux it does. */
const CAN_COUNT = platform.SO_NREAD === MISSING && platform.reportsFullLength;

/** What is known of the messages that wait on a seqpacket socket. */
export interface MessageQueue {
  /** Whether nothing else can take messages from it: nothing has read its number. */
  readonly isAlone: boolean;
  /** The bytes that were counted in it and are not taken yet: as long as there are some, the end is behind them. */
  queuedBytes: number;
}

/**
 * Find out what the next receive on a seqpacket socket will find: {@linkcode END}, more than that for a message, or
 * `-errno`, which is `-EAGAIN` if nothing has come yet.
 *
 * The connection ends only after reading is shut down, by the peer's close or on this side, which cannot be undone.
 * Before that, an empty result is a message. Afterwards nothing new can arrive, so that a second peek is exact.
 *
 * Where nothing else receives, counting the bytes of all messages once takes the place of a peek at each.
 */
export function lookAhead(fd: number, queue: MessageQueue): number {
  if (queue.queuedBytes > 0) return MESSAGE;
  if (queue.isAlone && CAN_COUNT) {
    queue.queuedBytes = bytesAvailable(fd);
    if (queue.queuedBytes > 0) return MESSAGE;
  }
  const count = peek(fd, oneByte);
  if (count !== 0) return count;
  return isOver(fd) ? END : EMPTY_MESSAGE;
}

/** Note that a message of `length` bytes was taken, or, if that is not known, begin to count anew. */
export function noteTaken(queue: MessageQueue, length: number | undefined): void {
  queue.queuedBytes = length === undefined ? 0 : Math.max(0, queue.queuedBytes - length);
}

/**
 * Whether a receive of `count` bytes found the end, although {@linkcode lookAhead} had `seen` a message with data:
 * another thread or process has taken that one meanwhile. If it has taken an empty one, nothing tells.
 */
export function foundEnd(fd: number, seen: number, count: number): boolean {
  return count === 0 && seen === MESSAGE && isOver(fd);
}

function isOver(fd: number): boolean {
  return isReadingShutDown(fd) && !hasMessage(fd);
}

let control: IncomingControl | undefined;

/** Space for the one control message that tells a message from the end: none is left for descriptors. */
const TIMESTAMP_SPACE = cmsgSpace(16, platform);

/** Options that add a control message to each message, before its descriptors. */
const MARKS = [
  platform.SO_TIMESTAMP,
  platform.SO_TIMESTAMPNS,
  platform.SO_TIMESTAMP_NEW,
  platform.SO_TIMESTAMPNS_NEW,
  platform.SO_PASSCRED,
];

/**
 * Whether a message is there, which may be empty, on a socket whose reading is shut down: a message has a time
 * stamp, and the end has none. If the option is off, it is set for this one peek only.
 */
function hasMessage(fd: number): boolean {
  const { SOL_SOCKET } = platform;
  if (MARKS.some((it) => isOn(fd, it))) return hasControl(fd);
  const mark = timestampFor(fd);
  // deno-coverage-ignore -- every open socket takes the option
  if (setIntOption(fd, SOL_SOCKET, mark, 1) < 0) return false;
  try {
    return hasControl(fd);
  } finally {
    setIntOption(fd, SOL_SOCKET, mark, 0);
  }
}

function isOn(fd: number, option: number): boolean {
  return option !== MISSING && readIntOption(fd, platform.SOL_SOCKET, option) > 0;
}

/** One form for all time stamps of a socket: setting an option of the other form would change that of `SO_TIMESTAMPING`. */
function timestampFor(fd: number): number {
  const { SO_TIMESTAMP, SO_TIMESTAMP_NEW, SO_TIMESTAMPING_NEW } = platform;
  return isOn(fd, SO_TIMESTAMPING_NEW) ? SO_TIMESTAMP_NEW : SO_TIMESTAMP;
}

/** Whether the next message has control data, or any data at all. */
function hasControl(fd: number): boolean {
  control ??= new IncomingControl();
  const header = sharedHeader();
  header.setSingleVector(oneByte);
  header.setName(null);
  header.setControl(control.prepare(TIMESTAMP_SPACE), TIMESTAMP_SPACE);
  const count = peekMessage(fd, header.location);
  return count > 0 || (count === 0 && header.controlLength > 0);
}
