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
  readonly why: string;
}

/** Numbers that only tune: one more is as right, and faster or slower by what no test can measure. */
export const TUNING: Readonly<Record<string, readonly string[]>> = {
  "lib/descriptor/finalizer.ts": [
    "MOST",
    "DEFERRED_ROUNDS",
    "ROUNDS_BEFORE_TURNS",
    "FEW_PER_TURN",
  ],
  "lib/event_loop.ts": ["MICROTASKS"],
  "lib/fd/lock.ts": ["LONGEST_PAUSE"],
  "lib/fd/streams.ts": ["HIGH_WATER_MARK"],
  "lib/frames/frame_buffer.ts": ["SIZE", "LEAST_SPACE", "SMALL"],
  "lib/handle/receive_state.ts": ["MAX_LABEL", "MAX_TIMESTAMP"],
  "lib/message/control.ts": ["USUAL_CAPACITY"],
  "lib/message/header.ts": ["INLINE_VECTORS", "LARGEST_KEPT"],
  "lib/reactor/backends/io_uring.ts": ["PROBE_COMPLETIONS"],
  "lib/reactor/backends/poll_set.ts": ["MAX_YIELDS"],
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
  "lib/socket/barrier.ts": ["PAGE_SIZE"],
  "lib/socket/connector.ts": ["FIRST_PAUSE", "LONGEST_PAUSE"],
  "lib/socket/held_control.ts": ["SMALLEST"],
  "lib/socket/send_bytes.ts": ["PIECE", "MOST"],
  "lib/socket/stale_file.ts": ["NAME_RELEASE_TIME", "ASK_INTERVAL"],
  "ffi/thread_end.ts": ["AT_ONCE", "TRIAL"],
};

/** Single places. */
export const PLACES: readonly Place[] = [
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
    file: "lib/socket/bound_file.ts",
    line: "(own.mode === undefined ? BigInt.asUintN(32, inode) : inode) === own.inode;",
    was: "own.mode === undefined",
    why: "the file systems of Linux number sockets with 32 bits",
  },
];

/** Return why a change is not made, or `undefined` if it is. */
export function whyNot({ file, name, was, lineText }: Change): string | undefined {
  if (name !== undefined && TUNING[file]?.includes(name)) return `${name} only tunes`;
  return PLACES.find((it) => it.file === file && it.was === was && it.line === lineText)?.why;
}
