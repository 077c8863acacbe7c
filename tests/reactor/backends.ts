/**
 * The same cases for every backend, each in a reactor of its own.
 *
 * @module
 */

import { closeFd } from "../../ffi/syscalls/files.ts";
import { recv, send, socketpair } from "../../ffi/syscalls/sockets.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { openAio } from "../../lib/reactor/backends/aio.ts";
import { openIoUring } from "../../lib/reactor/backends/io_uring.ts";
import { openPool } from "../../lib/reactor/backends/pool.ts";
import { schedYield } from "../../ffi/syscalls/readiness.ts";
import { atEndOfTurn, inMicrotask, inNextTurn, now } from "../../lib/event_loop.ts";
import { IdlePolicy } from "../../lib/reactor/idle_policy.ts";
import { Reactor, type ReactorOptions } from "../../lib/reactor/reactor.ts";
import type { Registration } from "../../lib/reactor/registration.ts";
import type { Opener } from "../../lib/reactor/types.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";

/** IORING_SETUP_COOP_TASKRUN and IORING_SETUP_TASKRUN_FLAG: what Linux before 6.1 has. */
const COOPERATIVE = 0x300;

/** Every backend, and small forms that overflow early. */
export const backends: Readonly<Record<string, Opener>> = {
  "io_uring": (sink) => openIoUring(sink),
  "io_uring, 2 entries": (sink) => openIoUring(sink, { entries: 2, completions: 4 }),
  "io_uring, cooperative": (sink) => openIoUring(sink, { flags: COOPERATIVE }),
  "io_uring, interrupting": (sink) => openIoUring(sink, { flags: 0 }),
  "aio": (sink) => openAio(sink),
  "aio, 2 events at once": (sink) => openAio(sink, { capacity: 2 }),
  "pool": (sink) => openPool(sink),
  "pool, 2 events at once": (sink) => openPool(sink, { capacity: 2 }),
  "pool with poll(2)": (sink) => openPool(sink, { portable: true }),
};

/** Make a reactor of its own, with some backends, in the true event loop. */
export function reactorOf(
  openers: readonly Opener[],
  options: Partial<ReactorOptions> = {},
): Reactor {
  return new Reactor({
    choose: () => openers,
    loop: { now, inMicrotask, atEndOfTurn, inNextTurn },
    idle: new IdlePolicy({ now, schedYield }),
    ...options,
  });
}

/** Receive without waiting: the text, or `undefined` for EAGAIN. */
export function tryReceive(fd: number): string | undefined {
  const bytes = new Uint8Array(65536);
  const count = recv(fd, bytes, platform.MSG_DONTWAIT);
  if (count === -platform.EAGAIN) return undefined;
  if (count < 0) throw new Error(`recv: ${count}`);
  return new TextDecoder().decode(bytes.subarray(0, count));
}

/** A socket pair and a registration for each end. */
export class Pair implements Disposable {
  readonly fds: [number, number];
  readonly ends: [Registration, Registration];
  readonly #open = [true, true];

  constructor(reactor: Reactor, type: number = platform.SOCK_STREAM) {
    const fds = socketpair(type, { cloexec: true, nonblocking: false });
    if (typeof fds === "number") throw new Error(`socketpair: ${fds}`);
    this.fds = fds;
    this.ends = [reactor.register(fds[0]), reactor.register(fds[1])];
  }

  /** Send `text` from one end. */
  send(end: 0 | 1, text: string): number {
    return send(this.fds[end], new TextEncoder().encode(text), platform.MSG_DONTWAIT);
  }

  /** Receive at one end without waiting: the text, or `undefined` for EAGAIN. */
  tryReceive(end: 0 | 1): string | undefined {
    return tryReceive(this.fds[end]);
  }

  /** Receive at one end, as a socket does it: try, and wait on EAGAIN. */
  async receive(end: 0 | 1, signal?: AbortSignal): Promise<string> {
    for (;;) {
      const text = this.tryReceive(end);
      if (text !== undefined) return text;
      await this.ends[end].wait(1, signal);
    }
  }

  /** Send until the kernel takes no more: the number of bytes. */
  fill(end: 0 | 1): number {
    const bytes = new Uint8Array(16384);
    let total = 0;
    for (;;) {
      const count = send(this.fds[end], bytes, platform.MSG_DONTWAIT);
      if (count < 0) return total;
      total += count;
    }
  }

  /** Cancel the waits of one end and close it. */
  close(end: 0 | 1): void {
    if (!this.#open[end]) return;
    this.#open[end] = false;
    this.ends[end].cancel(new Deno.errors.BadResource("closed"));
    closeFd(this.fds[end]);
  }

  /** Leave one end alone: the test has closed it. */
  forget(end: 0 | 1): void {
    this.#open[end] = false;
  }

  [Symbol.dispose](): void {
    this.close(0);
    this.close(1);
  }
}

/** Why a backend does not work here; `undefined` if it does. */
function whyNot(opener: Opener): string | undefined {
  const reactor = reactorOf([opener]);
  try {
    reactor.backend();
    return undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotSupported) return error.message;
    throw error;
  } finally {
    reactor.dispose();
  }
}

/** The backends, and why some of them do not work here. */
const found = Object.entries(backends).map(([name, opener]) =>
  [name, opener, whyNot(opener)] as const
);

/** Return why a backend does not work here, `undefined` if it does. */
export function whyMissing(name: string): string | undefined {
  return found.find(([it]) => it === name)?.[2];
}

/** How long a test of a backend may wait, in seconds: most take milliseconds. */
export const LIMIT = 10;

/** Define one test per backend; what the kernel lacks or forbids is skipped. */
export function onEach(name: string, fn: (reactor: Reactor) => void | Promise<void>): void {
  for (const [backend, opener, reason] of found) {
    testUnless(
      reason,
      `${name} (${backend})`,
      noLeaks(async () => {
        const reactor = reactorOf([opener]);
        try {
          await fn(reactor);
        } finally {
          reactor.dispose();
        }
      }, { seconds: LIMIT }),
    );
  }
}
