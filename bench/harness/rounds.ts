import type { Progress } from "./progress.ts";
import { type Absence, type Contender, type Runner, type Sample, Unable } from "./types.ts";

/** A contender with the samples of its rounds. */
export interface Measured {
  contender: Contender;
  samples: Sample[];
}

interface Started {
  contender: Contender;
  runner: Runner;
  samples: Sample[];
}

/**
 * Starts every contender once (or, with `startsAnew`, for each round) and measures them round by round, one
 * after the other within a round, so that whatever disturbs the machine meets all of them.
 */
export async function measure(
  contenders: readonly Contender[],
  rounds: number,
  progress: Progress,
  startsAnew = false,
): Promise<{ measured: Measured[]; failed: Absence[] }> {
  await using stack = new AsyncDisposableStack();
  const failed: Absence[] = [];
  let running: Started[] = [];
  for (const contender of contenders) {
    progress.step(`starting ${contender.label}`);
    const start = startsAnew ? () => Promise.resolve(anew(contender)) : () => contender.start();
    const runner = await attempt(contender, failed, start);
    if (runner) running.push({ contender, runner: stack.use(runner), samples: [] });
  }
  for (let round = 1; round <= rounds; round++) {
    running = await interleave(running, failed, `round ${round} of ${rounds}`, progress);
  }
  return { measured: running.map(({ contender, samples }) => ({ contender, samples })), failed };
}

/** A runner whose every round is that of processes just started. */
function anew(contender: Contender): Runner {
  return {
    round: async () => {
      await using runner = await contender.start();
      return await runner.round();
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

async function interleave(
  running: readonly Started[],
  failed: Absence[],
  round: string,
  progress: Progress,
): Promise<Started[]> {
  const left: Started[] = [];
  for (const started of running) {
    progress.step(`${round}: ${started.contender.label}`);
    const sample = await attempt(started.contender, failed, () => started.runner.round());
    if (!sample) continue;
    started.samples.push(sample);
    left.push(started);
  }
  return left;
}

async function attempt<T>(
  contender: Contender,
  failed: Absence[],
  action: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    const kind = error instanceof Unable ? error.kind : "failed";
    const reason = error instanceof Error ? error.message : String(error);
    failed.push({ id: contender.id, label: contender.label, kind, reason });
    return undefined;
  }
}
