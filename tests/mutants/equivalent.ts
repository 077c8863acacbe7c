/**
 * Changes that are drawn, but not made, because nothing that a program could notice would change with them.
 *
 * Each has a reason. What a user could see is not listed here, however hard it is to test.
 *
 * @module
 */

import type { Change } from "./changes.ts";
import { PLACES } from "./places.ts";

/**
 * Numbers that only tune: one more is as right, and faster or slower by what no test can measure. So is a bound moved
 * by one that is compared with them, and what variables have that only count towards them.
 */
export const TUNING: Readonly<Record<string, readonly string[]>> = {
  // How soon a trampoline is tried again after a shortage.
  "ffi/libc.ts": ["calls"],
  "lib/descriptor/finalizer.ts": [
    "MOST",
    "DEFERRED_ROUNDS",
    "ROUNDS_BEFORE_TURNS",
    "FEW_PER_TURN",
    "arrived",
    "round",
    "rounds",
  ],
  "lib/dial/errors.ts": ["MAX_QUOTED", "MAX_LISTED"],
  "lib/errors.ts": ["MAX_SHOWN"],
  "lib/event_loop.ts": ["MICROTASKS"],
  "lib/fd/eventfd.ts": ["LONGEST_PAUSE"],
  "lib/fd/lock.ts": ["LONGEST_PAUSE"],
  // Whether it is asked again what gets the same refusal.
  "lib/fd/nonblocking_io.ts": ["this.#refusesReads", "this.#refusesWrites"],
  "lib/fd/streams.ts": ["HIGH_WATER_MARK"],
  "lib/frames/frame_buffer.ts": ["SIZE", "LEAST_SPACE", "SMALL"],
  "lib/handle/connections.ts": ["FIRST_PAUSE", "LONGEST_PAUSE"],
  "lib/handle/receive_state.ts": ["MAX_LABEL", "MAX_TIMESTAMP", "FULL_CONTROL"],
  "lib/message/control.ts": ["USUAL_CAPACITY"],
  "lib/message/header.ts": ["INLINE_VECTORS", "LARGEST_KEPT", "SMALL_SIZE"],
  "lib/msghdr/state.ts": ["SMALL_SIZE"],
  "lib/reactor/backends/aio.ts": ["capacity"],
  "lib/reactor/backends/io_uring.ts": ["PROBE_COMPLETIONS"],
  "lib/reactor/backends/pool.ts": ["capacity", "UNREF_INTERVAL", "WORKER_LIMIT"],
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
  "lib/handle/files_first.ts": ["PAGE_SIZE", "BEYOND", "BEYOND_PART"],
  "lib/reactor/io_turns.ts": ["EVENT_INTERVAL", "TURNS_BEFORE_EVENTS"],
  "lib/socket/connector.ts": ["FIRST_PAUSE", "LONGEST_PAUSE"],
  "lib/socket/held_control.ts": ["SMALLEST"],
  "lib/socket/outgoing_message.ts": ["MAX_VECTORS"],
  "lib/socket/send_bytes.ts": ["PIECE", "MOST"],
  "lib/socket/sender.ts": ["SMALL_SIZE"],
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

/** Return why a change is not made, or `undefined` if it is. */
export function whyNot({ file, names, was, lineText, nth }: Change): string | undefined {
  const tuned = names.find((it) => TUNING[file]?.includes(it));
  if (tuned !== undefined) return `${tuned} only tunes`;
  const label = names.find((it) => LABELS[file]?.includes(it));
  if (label !== undefined) return `${label} is only told apart`;
  return PLACES[file]?.find((it) =>
    it.was === was && it.line === lineText && (it.nth ?? nth) === nth
  )?.why;
}
