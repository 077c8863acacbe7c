/**
 * Changes that are drawn, but not made, because nothing that a program could notice would change with them.
 *
 * Each has a reason. What a user could see is not listed here, however hard it is to test.
 *
 * @module
 */

import type { Change } from "./changes.ts";

/** A change of one place: the text of its line, and what is replaced in it. */
interface Place {
  readonly file: string;
  readonly line: string;
  readonly was: string;
  /** Which of several equal ones, counted from 0. */
  readonly nth?: number;
  readonly why: string;
}

/**
 * Numbers that only tune: one more is as right, and faster or slower by what no test can measure. So is a bound moved
 * by one that is compared with them, and what variables have that only count towards them.
 */
export const TUNING: Readonly<Record<string, readonly string[]>> = {
  "lib/descriptor/finalizer.ts": [
    "MOST",
    "DEFERRED_ROUNDS",
    "ROUNDS_BEFORE_TURNS",
    "FEW_PER_TURN",
    "arrived",
    "rounds",
  ],
  "lib/dial/errors.ts": ["MAX_QUOTED", "MAX_LISTED"],
  "lib/errors.ts": ["MAX_SHOWN"],
  "lib/event_loop.ts": ["MICROTASKS"],
  "lib/fd/eventfd.ts": ["LONGEST_PAUSE"],
  "lib/fd/lock.ts": ["LONGEST_PAUSE"],
  "lib/fd/streams.ts": ["HIGH_WATER_MARK"],
  "lib/frames/frame_buffer.ts": ["SIZE", "LEAST_SPACE", "SMALL"],
  "lib/handle/connections.ts": ["FIRST_PAUSE", "LONGEST_PAUSE"],
  "lib/handle/receive_state.ts": ["MAX_LABEL", "MAX_TIMESTAMP", "FULL_CONTROL"],
  "lib/message/control.ts": ["USUAL_CAPACITY"],
  "lib/message/header.ts": ["INLINE_VECTORS", "LARGEST_KEPT", "SMALL_SIZE"],
  "lib/msghdr/state.ts": ["SMALL_SIZE"],
  "lib/reactor/backends/io_uring.ts": ["PROBE_COMPLETIONS"],
  "lib/reactor/backends/pool.ts": ["UNREF_INTERVAL", "WORKER_LIMIT"],
  "lib/reactor/backends/ring.ts": ["MOST_ENTRIES"],
  "lib/reactor/idle_policy.ts": [
    "MAX_TIME_PER_TURN",
    "IDLE_POLL_US",
    "MAX_YIELD",
    "LONG_YIELD_COST",
    "MAX_LONG_YIELDS",
    "MIN_WINDOW_US",
    "BUSY_POLL_PAUSE",
    "MAX_POLLS",
    "PREEMPTION_GAP",
  ],
  "lib/handle/files_first.ts": ["PAGE_SIZE"],
  "lib/socket/connector.ts": ["FIRST_PAUSE", "LONGEST_PAUSE"],
  "lib/socket/held_control.ts": ["SMALLEST"],
  "lib/socket/outgoing_message.ts": ["SMALL_SIZE", "MAX_VECTORS"],
  "lib/socket/send_bytes.ts": ["PIECE", "MOST"],
  "lib/socket/stale_file.ts": ["NAME_RELEASE_TIME", "ASK_INTERVAL"],
  "ffi/thread_end.ts": ["AT_ONCE", "TRIAL"],
};

/** Numbers that only stand for themselves: the last of some that are told apart, so that one more is none of them. */
export const LABELS: Readonly<Record<string, readonly string[]>> = {
  "lib/fd/nonblocking_io.ts": ["NEEDS_PAUSE"],
  "lib/handle/receiver.ts": ["GO_ON"],
  "lib/msghdr/state.ts": ["RECEIVING_NAMED"],
  "lib/socket/seqpacket.ts": ["EMPTY_MESSAGE"],
};

/** Single places. */
export const PLACES: readonly Place[] = [
  {
    file: "lib/msghdr/incoming.ts",
    line: "#isUnread = false;",
    was: "false",
    why: "the first attempt sets it before it is looked at",
  },
  {
    file: "lib/socket/write_batch.ts",
    line: "write.reject(length < 0 ? noBytes(bytes) : bufferDetachedError());",
    was: "<",
    why: "memory of no bytes cannot have become smaller",
  },
  {
    file: "lib/socket/seqpacket.ts",
    line: "header.setName(null);",
    was: "header.setName(null);",
    why: "the name that comes with a peek is not looked at",
  },
  {
    file: "lib/message/cmsg.ts",
    line: "if (cmsg_len[1] === 8) view.setUint32(offset + cmsg_len[0] + 4, 0, true);",
    was: "+",
    nth: 1,
    why: "the length is the first field, at 0",
  },
  {
    file: "lib/frames/companions.ts",
    line: "if (files.length > 0) this.#files.push({ at, what: files });",
    was: ">",
    why: "no descriptors are as many with a note of them",
  },
  {
    file: "lib/message/header.ts",
    line: "if (this.#hasName === on) return;",
    was: "return;",
    why: "the same is written again",
  },
  {
    file: "lib/socket/peer.ts",
    line: "const bytes = readGrowing(fd, platform.SO_PEERGROUPS, 256);",
    was: "256",
    why: "the memory grows to what is needed",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "leave(bytes);",
    was: "leave(bytes);",
    why: "new memory does as well",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "const limit = whole !== undefined && whole > SIZE ? whole : Infinity;",
    was: "&&",
    why: "whether a small frame gets memory of its own only tunes",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "if (spare === undefined && memory.byteLength === SIZE) spare = memory;",
    was: "spare = memory;",
    why: "new memory does as well",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "this.#isSpare = limit === Infinity && length <= SIZE / 2;",
    was: "2",
    why: "which half of two is copied to the other only tunes",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "this.#move(Math.min(limit, Math.max(SIZE, 2 * length)));",
    was: "2",
    why: "how much more memory there is than needed only tunes",
  },
  {
    file: "lib/fd/streams.ts",
    line: "if (this.#ending.isOver) return;",
    was: "return;",
    why: "a stream that has ended takes nothing more",
  },
  {
    file: "lib/descriptor/perform.ts",
    line: "return found === 0 && left < LONGEST_POLL;",
    was: "<",
    why: "the difference shows after 24 days",
  },
  {
    file: "ffi/memory.ts",
    line: "halves[1] = length > 0xffffffff ? length / 0x100000000 : 0;",
    was: ">",
    why: "what is less than 1 is kept as 0",
  },
  {
    file: "ffi/runtime.ts",
    line: "for (let i = 0; i < OLDEST.length; i++) {",
    was: "<",
    why: "no version has a fourth number, which counts as 0 on both sides",
  },
  {
    file: "ffi/syscalls/file_io.ts",
    line: "const RWF_NOWAIT = 0x8; // <linux/fs.h>",
    was: "0x8",
    why: "the bit that one more sets is for disks, which are not read like this",
  },
  {
    file: "lib/reactor/reactor.ts",
    line: "return this.#token = (this.#token + 1) | 0;",
    was: "+",
    why: "tokens only have to differ",
  },
  {
    file: "ffi/syscalls/files.ts",
    line: "const end = timeout > 0 ? performance.now() + timeout : 0;",
    was: "0",
    why: "the end is looked at where there is a limit only",
  },
  {
    file: "ffi/syscalls/unix_diag.ts",
    line: "for (let at = ANSWER; isAnswer && at + 12 <= answer.byteLength;) {",
    was: "&&",
    why: "an error's answer has nothing that reads as a file",
  },
  {
    file: "ffi/syscalls/unix_diag.ts",
    line: "for (let at = ANSWER; isAnswer && at + 12 <= answer.byteLength;) {",
    was: "<=",
    why: "another attribute follows the file",
  },
  {
    file: "lib/frames/framing.ts",
    line: "ends.set(made, frameEnd);",
    was: "ends.set(made, frameEnd);",
    why: "the framing finds the same end without it, slower",
  },
  {
    file: "lib/frames/framing.ts",
    line: "bodies.add(body);",
    was: "bodies.add(body);",
    why: "the same body is made earlier",
  },
  {
    file: "lib/frames/framing.ts",
    line: "return body !== undefined && bodies.has(body) ? body : undefined;",
    was: "!==",
    why: "the same body is made earlier",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line:
      "} else if (bytes.byteLength > SMALL && length * 4 < bytes.byteLength) this.#move(length);",
    was: "<",
    why: "at which part of the memory the rest is given back only tunes",
  },
  {
    file: "lib/frames/frame_buffer.ts",
    line: "else if (size >= this.length) this.#takeSpare(this.length + size);",
    was: ">=",
    why: "which half of two equal ones is copied to the other only tunes",
  },
  {
    file: "lib/fd/eventfd.ts",
    line: "const text = new Uint8Array(512);",
    was: "512",
    why: "the file has less than 200 bytes",
  },
  {
    file: "lib/socket/connector.ts",
    line: "const UNSPECIFIED = new Uint8Array(16);",
    was: "16",
    why: "the family alone is looked at",
  },
  {
    file: "lib/handle/received_fds.ts",
    line: "if (fd >= 0) into.files = [ownReceived(fd)];",
    was: ">=",
    why: "descriptor 0 is found by the walk through all control data as well",
  },
  {
    file: "lib/handle/message_receiver.ts",
    line: 'if (this.state.type === "stream") header.setName(null);',
    was: "header.setName(null);",
    why: "the name that comes with bytes of a stream is not looked at",
  },
  {
    file: "lib/handle/receiver.ts",
    line: "header.setName(null);",
    was: "header.setName(null);",
    why: "the name that comes with bytes of a stream is not looked at",
  },
  {
    file: "lib/unix/connect.ts",
    line: "typeNumber(type);",
    was: "typeNumber(type);",
    why: "making the socket checks its type as well, before any system call",
  },
  {
    file: "lib/unix/connect.ts",
    line: "if (made.busyPoll > 0) socket.busyPoll = made.busyPoll;",
    was: ">",
    why: "0 is what it is at first",
  },
  {
    file: "lib/unix/listen.ts",
    line: "if (busyPoll > 0) descriptor.busyPoll = busyPoll;",
    was: ">",
    why: "0 is what it is at first",
  },
  {
    file: "lib/handle/files_first.ts",
    line: "control.arrived = count < 0 ? 0 : header.controlLength;",
    was: "0",
    nth: 0,
    why: "the end of a stream brings no control data",
  },
  {
    file: "lib/fd/nonblocking_io.ts",
    line: "this.#refusesReads = true;",
    was: "this.#refusesReads = true;",
    why: "asking again gets the same refusal",
  },
  {
    file: "lib/fd/nonblocking_io.ts",
    line: "this.#refusesWrites = true;",
    was: "this.#refusesWrites = true;",
    why: "asking again gets the same refusal",
  },
  {
    file: "lib/fd/file_like.ts",
    line: "const copy = fcntl(fd, platform.F_DUPFD_CLOEXEC, 0);",
    was: "0",
    why: "a shortage is found at any number to begin from",
  },
  {
    file: "lib/socket/stale_file.ts",
    line:
      'const fd = check(socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: true }), "socket");',
    was: "true",
    nth: 1,
    why: "connect(2) of a datagram socket waits for nothing",
  },
  {
    file: "lib/handle/receive_state.ts",
    line: 'if (this.type !== "dgram" || !(hasWaited || this.#hasEnded)) return false;',
    was: "||",
    nth: 0,
    why: "an earlier look comes to the same end",
  },
  {
    file: "lib/socket/inspect.ts",
    line: "return POLLRDHUP !== 0 && (poll(fd, POLLRDHUP, 0) & POLLRDHUP) !== 0;",
    was: "0",
    nth: 0,
    why: "where there is no POLLRDHUP, its bit is never set",
  },
  {
    file: "lib/address/destination.ts",
    line: "const temporary = joined(directory, fromLatin1(`.${crypto.randomUUID().slice(0, 8)}`));",
    was: "0",
    nth: 0,
    why: "seven random characters are as good a name as eight",
  },
  {
    file: "lib/msghdr/outgoing.ts",
    line: "this.#vectors = this.#vectors.slice();",
    was: "this.#vectors = this.#vectors.slice();",
    why: "bytes behind those of the call are never sent: the size bounds it",
  },
  {
    file: "lib/message/control.ts",
    line: "this.#words = new Int32Array(this.#buffer.buffer, 0, 32);",
    was: "32",
    why: "the last of the words is used by nothing",
  },
  {
    file: "lib/msghdr/state.ts",
    line: "const layout = named ? RECEIVING_NAMED : RECEIVING;",
    was: "named",
    why: "the two layouts are told apart by either name",
  },
  {
    file: "lib/message/header.ts",
    line: "if (beyond > 0) this.#setVector(count++, 0, beyond);",
    was: "0",
    nth: 0,
    why: "a single byte beyond is never asked for",
  },
  {
    file: "lib/descriptor/finalizer.ts",
    line: "((round - (arrivals[i] ?? 0)) >>> 0) >= DEFERRED_ROUNDS;",
    was: ">=",
    why: "one more round only tunes",
  },
  {
    file: "lib/reactor/backends/poll_set.ts",
    line: "outdated = false;",
    was: "false",
    why: "an empty set is made anew to the same end",
  },
  {
    file: "lib/fd/file_io.ts",
    line: "if (count > 0) viewOf(this.#bytes, 0, count).set(this.#own.subarray(0, count));",
    was: ">",
    why: "copying nothing changes nothing",
  },
  {
    file: "lib/socket/send_bytes.ts",
    line: "if (length <= PIECE) return send(fd, bytes, MSG_DONTWAIT, length);",
    was: "<=",
    why: "the loop below sends one piece in the same way",
  },
  {
    file: "lib/fd/terminal.ts",
    line:
      "return events > 0 && (events & POLLHUP) !== 0 && (events & POLLIN) === 0 && isTerminalMaster(fd);",
    was: ">",
    why: "no events have no POLLHUP",
  },
  {
    file: "lib/handle/message_receiver.ts",
    line: "const mayBeShort = this.#limit > 0 && arrived <= this.#limit && !descriptor.closed;",
    was: ">",
    why: "the reason is not used where no descriptors are asked for",
  },
  {
    file: "lib/handle/message_receiver.ts",
    line: "const what = arrived > limit",
    was: ">",
    why: "with as many descriptors as requested, both sentences are true of a message that was cut",
  },
  {
    file: "lib/reactor/backends/epoll_set.ts",
    line: "watched.unclaimed = 0;",
    was: "0",
    why: "one event less until the next time only tunes",
  },
  {
    file: "lib/reactor/backends/io_uring.ts",
    line: "watched.unclaimed = 0;",
    was: "0",
    why: "one event less until the next time only tunes",
  },
  {
    file: "lib/message/header.ts",
    line: "this.#vectors = new Int32Array(memory, VECTORS_OFFSET, INLINE_VECTORS * 4);",
    was: "4",
    why: "what a longer view reaches is written by nothing",
  },
  {
    file: "lib/descriptor/finalizer.ts",
    line: "if (arrived + count < FEW_PER_TURN) rounds = 0;",
    was: "arrived + count < FEW_PER_TURN",
    why: "whether objects are registered by rounds or by turns only tunes",
  },
  {
    file: "lib/descriptor/finalizer.ts",
    line: "if (arrived + count < FEW_PER_TURN) rounds = 0;",
    was: "+",
    why: "whether objects are registered by rounds or by turns only tunes",
  },
  {
    file: "lib/message/control.ts",
    line: "const isSole = this.#arrived >= SOLE.lengthValue && this.#arrived <= SOLE.space &&",
    was: ">=",
    why: "a sole descriptor is found by the walk through all control data as well",
  },
  {
    file: "ffi/syscalls/aio.ts",
    line: "return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, words * 4));",
    was: "4",
    why: "what a longer view reaches is not read",
  },
  {
    file: "lib/message/control.ts",
    line: "this.#buffer = new Uint8Array(Math.max(128, capacity));",
    was: "128",
    why: "more memory than is needed is no fault",
  },
  {
    file: "lib/reactor/idle_policy.ts",
    line: "? polling.try(busyPoll, poll, MAX_TIME_PER_TURN * 1000)",
    was: "1000",
    why: "a microsecond more in each turn only tunes",
  },
  {
    file: "lib/msghdr/state.ts",
    line: "const ready = sockaddr === null ? this.laidOutToSend() : undefined;",
    was: "sockaddr === null",
    why: "a message with a name is never laid out, and laying out anew comes to the same",
  },
  {
    file: "lib/socket/bound_file.ts",
    line: "(own.mode === undefined ? BigInt.asUintN(32, inode) : inode) === own.inode;",
    was: "own.mode === undefined",
    why: "the file systems of Linux number sockets with 32 bits",
  },
];

/** Return why a change is not made, or `undefined` if it is. */
export function whyNot({ file, names, was, lineText, nth }: Change): string | undefined {
  const tuned = names.find((it) => TUNING[file]?.includes(it));
  if (tuned !== undefined) return `${tuned} only tunes`;
  const label = names.find((it) => LABELS[file]?.includes(it));
  if (label !== undefined) return `${label} is only told apart`;
  return PLACES.find((it) =>
    it.file === file && it.was === was && it.line === lineText && (it.nth ?? nth) === nth
  )?.why;
}
