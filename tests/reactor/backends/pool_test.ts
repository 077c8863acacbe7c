/** The call of the pool, which waits on a thread of its own: whether it is over when it has to be. */

import { assert, assertEquals } from "@std/assert";
import { libc, replaceLibc } from "../../../ffi/libc.ts";
import { OwnedFd } from "../../../lib/handle/owned_fd.ts";
import { openPool } from "../../../lib/reactor/backends/pool.ts";
import { READABLE } from "../../../lib/reactor/types.ts";
import { isOpen, linuxTest, test, turn } from "../../util/cases.ts";
import { listDescriptors } from "../../util/descriptors.ts";
import { Pair, reactorOf } from "../backends.ts";
import { Station } from "../sink.ts";

/** How often a case is tried: the other thread may get no processor within the time that is waited for it. */
const ATTEMPTS = 10;

/**
 * The C library, in which what wakes the other thread takes effect only once this thread yields: it would be quick
 * enough now and then even if it was not waited for.
 */
class LateWaking implements Disposable {
  /** Where the call in the pool writes its results. */
  #results: Uint8Array | undefined = undefined;
  /** The call in the pool. */
  call: Promise<unknown> | undefined = undefined;
  #wake: (() => void) | undefined = undefined;
  readonly #previous = libc();

  constructor() {
    const { epollWaitInPool, pollInPool, write, sched_yield } = this.#previous;
    const calls: Partial<ReturnType<typeof libc>> = {
      epollWaitInPool: (epoll, events, ...rest) => {
        this.#results = events as Uint8Array;
        const call = epollWaitInPool?.(epoll, events, ...rest) ?? Promise.resolve(-1);
        this.call = call;
        return call;
      },
      pollInPool: (fds, ...rest) => {
        this.#results = fds as Uint8Array;
        const call = pollInPool(fds, ...rest);
        this.call = call;
        return call;
      },
      write: (...args) => {
        this.#wake = () => void write(...args);
        return 8n;
      },
      sched_yield: () => {
        this.wake();
        return sched_yield();
      },
    };
    const properties = Object.entries(calls).map(([name, value]) => [name, { value }]);
    replaceLibc(Object.create(this.#previous, Object.fromEntries(properties)));
  }

  /** Let it take effect now. */
  wake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** Whether the call has reported: in `events` of an epoll_event, or in `revents` of a pollfd. */
  hasReported(portable: boolean): boolean {
    assert(this.#results !== undefined, "no call was made");
    const view = new DataView(this.#results.buffer);
    if (!portable) return view.getUint32(0, true) !== 0;
    for (let at = 6; at < view.byteLength; at += 8) if (view.getInt16(at, true) !== 0) return true;
    return false;
  }

  [Symbol.dispose](): void {
    this.wake();
    replaceLibc(this.#previous);
  }
}

/** What a case has: a pool whose call waits for one end of a pair. */
interface Case {
  readonly station: Station;
  readonly late: LateWaking;
  /** The descriptors that the pool has opened. */
  readonly own: readonly number[];
  /** Whether its call has reported. */
  isOver(): boolean;
}

/** Define a test for forms of the pool. `use` returns whether the call was over in time. */
function onEachPool(
  name: string,
  use: (it: Case) => boolean | Promise<boolean>,
  forms: readonly boolean[] = [false, true],
): void {
  for (const portable of forms) {
    const define = portable ? test : linuxTest;
    define(`${name} (${portable ? "poll(2)" : "epoll"})`, async () => {
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        using late = new LateWaking();
        using pair = new Pair(reactorOf([]));
        const before = listDescriptors();
        using station = new Station((sink) => openPool(sink, { portable }));
        const own = [...listDescriptors().keys()].filter((it) => !before.has(it));
        void station.wait(station.add(pair.fds[0]), READABLE);
        do station.pollAll(); while (!station.backend.park());
        await turn();
        if (await use({ station, late, own, isOver: () => late.hasReported(portable) })) return;
      }
      throw new Error(`the call was left to itself, ${ATTEMPTS} times`);
    });
  }
}

onEachPool("the pool's call is over when unref() returns", ({ station, isOver }) => {
  station.backend.unref();
  return isOver();
});

onEachPool("the pool has closed what it opened when the program ends", ({ station, own }) => {
  assert(own.length > 0);
  station.end();
  return !own.some(isOpen);
});

onEachPool(
  "the pool's call is over when what it waits for is taken back",
  ({ station, isOver }) => {
    for (const it of station.watched) if (it !== undefined) station.backend.deregister(it);
    return isOver();
  },
  [true], // epoll_ctl(2) reaches a call under way
);

onEachPool(
  "the pool closes nothing else when its call ends after what it opened",
  async ({ station, own, late }) => {
    station.end();
    if (own.some(isOpen)) return false;
    using files = new DisposableStack();
    while (!own.every(isOpen)) files.use(OwnedFd.open("/dev/null"));
    await late.call;
    await turn();
    assertEquals(own.filter((it) => !isOpen(it)), []);
    return true;
  },
);
