/**
 * Tests that wait for what never comes: they fail by name, and those behind them still run.
 *
 * @module
 */

type TestFn = (t: Deno.TestContext) => void | Promise<void>;

/** How long a test may wait, in seconds: far longer than any takes, and less than its file may. */
const LIMIT = 30;

/** How many times as long it may take where an emulator stands in for the processor, or `--slower` says so. */
export const SLOWER: number = Deno.env.get("DENET_EMULATED") === "1"
  ? 20
  : Math.max(1, Number(Deno.env.get("DENET_SLOWER") ?? 1));

// Some tests replace them.
const { setTimeout, clearTimeout } = globalThis;

/** The deadlines of the tests that run. */
const running = new Set<Deadline>();

/** Ends a wait after `seconds`, not counting what {@linkcode uncounted} runs meanwhile. */
class Deadline implements Disposable {
  readonly late: Promise<never>;
  readonly #reject: (error: Error) => void;
  readonly #seconds: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #holds = 1;

  constructor(seconds: number) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.late = promise;
    this.#reject = reject;
    this.#seconds = seconds;
    running.add(this);
    this.start();
  }

  start(): void {
    if (--this.#holds > 0) return;
    const error = new Error(
      `The test still waits after ${this.#seconds} s: what it waits for never came`,
    );
    this.#timer = setTimeout(() => this.#reject(error), this.#seconds * 1000);
  }

  stop(): void {
    this.#holds++;
    clearTimeout(this.#timer);
  }

  [Symbol.dispose](): void {
    this.stop(); // for good
    running.delete(this);
  }
}

/**
 * Do what a test needs once, such as a peer that is compiled, without counting its time: the first run on a machine
 * takes much longer than any other.
 */
export async function uncounted<T>(work: () => Promise<T>): Promise<T> {
  const stopped = [...running];
  for (const deadline of stopped) deadline.stop();
  try {
    return await work();
  } finally {
    for (const deadline of stopped) deadline.start();
  }
}

/**
 * Wrap a test so that it fails after `seconds`. What runs without a pause is not ended: the time limit of the file
 * is for that.
 */
export function withDeadline(
  fn: TestFn,
  seconds: number = LIMIT,
): (t: Deno.TestContext) => Promise<void> {
  return async (t) => {
    using deadline = new Deadline(seconds * SLOWER);
    await Promise.race([fn(t), deadline.late]);
  };
}
