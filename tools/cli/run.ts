/**
 * How a tool starts and ends: its signals, its exit codes, and one line of error output for whatever fails.
 *
 * @module
 */

import { OwnedFd } from "../../mod.ts";
import { readProc } from "../native/files.ts";
import { ignoreSignal, sendSignal, takeDefault } from "../native/process.ts";
import { oneLine } from "./text.ts";

/** Reports a command line that makes no sense. The tool ends with 2. */
export class UsageError extends Error {}

/** Reports a failure that has an exit code of its own. */
export class ExitError extends Error {
  /** @param silent Whether everything has been said already. */
  constructor(message: string, readonly status: number, readonly silent = false) {
    super(message);
  }
}

/** Reports a signal that asked the tool to end. */
class Interrupted extends ExitError {
  constructor(readonly signal: Deno.Signal, number: number) {
    super(`ended by ${signal}`, 128 + number);
  }
}

/** The signals that end a tool, and their numbers: a shell expects 128 plus that. */
const SIGNALS = [
  ["SIGHUP", 1],
  ["SIGINT", 2],
  ["SIGQUIT", 3],
  ["SIGUSR2", 12],
  ["SIGALRM", 14],
  ["SIGTERM", 15],
] as const;

/** What a tool does; `stop` aborts at a signal. Returns the exit code. */
export type Body = (args: string[], stop: AbortSignal) => Promise<number>;

/** Run a tool to its end. */
export async function run(name: string, body: Body): Promise<never> {
  const stop = new AbortController();
  const status = (async () => {
    listenForSignals((reason) => stop.abort(reason));
    return await body(Deno.args, stop.signal);
  })();
  Deno.exit(await status.catch((error) => complain(name, error)));
}

/** A signal that the parent has set to be ignored, as nohup(1) does, stays so. */
function listenForSignals(end: (reason: Interrupted) => void): void {
  const ignored = ignoredSignals();
  for (const [signal, number] of SIGNALS) {
    if ((ignored >> BigInt(number - 1)) & 1n) {
      // As soon as there is any listener, Deno catches some signals itself, and ends by them.
      Deno.addSignalListener(signal, () => {});
      ignoreSignal(number);
      continue;
    }
    endingSignals.push(signal);
    Deno.addSignalListener(signal, () => end(new Interrupted(signal, number)));
  }
}

/** The signals that end this tool: those that the parent has not set to be ignored. */
export const endingSignals: Deno.Signal[] = [];

/**
 * End listening for signals, before the process becomes another program, which would not hear of what was
 * caught here. From now on a signal ends the process itself.
 *
 * @throws {ExitError} If one was caught before.
 */
export async function endListening(stop: AbortSignal): Promise<void> {
  for (const [signal, number] of SIGNALS) if (endingSignals.includes(signal)) takeDefault(number);
  await untilReported();
  stop.throwIfAborted();
}

/** A signal that does nothing where nothing listens for it, and its number. */
const HARMLESS = ["SIGWINCH", 28] as const;

/**
 * Wait until the listeners were called for every signal that was caught so far. A thread of the runtime reports all of
 * them, however long that takes, so one that is sent now is reported behind them: the first may be collected together
 * with them in any order, the second only afterwards. The third gives the event loop the turn in which it calls.
 */
async function untilReported(): Promise<void> {
  const [signal, number] = HARMLESS;
  const alive = setInterval(() => {}, 1000); // a listener does not keep the process
  for (let i = 0; i < 3; i++) {
    const { promise, resolve } = Promise.withResolvers<void>();
    Deno.addSignalListener(signal, resolve);
    sendSignal(Deno.pid, number);
    await promise;
    Deno.removeSignalListener(signal, resolve);
  }
  clearInterval(alive);
}

function ignoredSignals(): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readProc("/proc/self/status") ?? "")?.[1];
    return BigInt(`0x${mask ?? 0}`);
  } catch {
    return 0n; // without FFI permission the tool fails with a better reason
  }
}

function complain(name: string, error: unknown): number {
  const hint = error instanceof UsageError ? `; see "${name} --help"` : "";
  if (!(error instanceof ExitError && error.silent)) warn(name, `${oneLine(error)}${hint}`);
  if (error instanceof ExitError) return error.status;
  return error instanceof UsageError ? 2 : 1;
}

/**
 * Print a line on standard output.
 *
 * @throws {Error} If it takes no more.
 */
export function print(text: string): void {
  try {
    console.log(text);
  } catch (error) {
    const why = oneLine(error).replace(/ \(os error \d+\)$/, "");
    throw new Error(`Cannot write to standard output: ${why}`);
  }
}

let errors: OwnedFd | undefined;

/** Write a line of error output, if there is still a reader. */
export function warn(name: string, text: string): void {
  const line = new TextEncoder().encode(`${name}: ${text}\n`);
  try {
    (errors ??= OwnedFd.adopt(2)).writeSync(line);
  } catch (error) {
    // Without FFI permission, that is what there is to say. Else the reader is gone; the exit code says the rest.
    if (error instanceof Deno.errors.NotCapable) Deno.stderr.writeSync(line);
  }
}
