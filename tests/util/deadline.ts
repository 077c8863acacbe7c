/**
 * Tests that wait for what never comes: they fail by name, and those behind them still run.
 *
 * @module
 */

type TestFn = (t: Deno.TestContext) => void | Promise<void>;

/** How long a test may wait, in seconds: far longer than any takes, and less than its file may. */
const LIMIT = 30;

/** How many times as long it may take where an emulator stands in for the processor. */
const SLOWER = Deno.env.get("DENET_EMULATED") === "1" ? 20 : 1;

// Some tests replace them.
const { setTimeout, clearTimeout } = globalThis;

/**
 * Wrap a test so that it fails after `seconds`. What runs without a pause is not ended: the time limit of the file
 * is for that.
 */
export function withDeadline(fn: TestFn, seconds: number = LIMIT): TestFn {
  return async (t) => {
    const limit = seconds * SLOWER;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      const error = new Error(
        `The test still waits after ${limit} s: what it waits for never came`,
      );
      timer = setTimeout(() => reject(error), limit * 1000);
    });
    try {
      await Promise.race([fn(t), late]);
    } finally {
      clearTimeout(timer);
    }
  };
}
