/**
 * Runs one operation again and again, with a fault in another of its system calls each time.
 *
 * @module
 */

import { assert, assertInstanceOf } from "@std/assert";
import { systemError } from "../../lib/errors.ts";
import { changes, listDescriptors, type Listing, settle } from "../util/descriptors.ts";
import { errorsOf } from "./errors.ts";
import { errorNumber, type Fault, type FaultyLibrary } from "./library.ts";

/**
 * What may come of a fault: nothing, an exception that names the error or says that the system lacks
 * something, the exception for a certain system call, or one of a class.
 */
export type Outcome =
  | "survives"
  | "either"
  | { readonly syscall: string; readonly code?: string }
  | { readonly throws: new () => Error };

/** A fault in one call of an operation, and what that call is for. */
export interface PlacedFault extends Fault {
  /** What the call works on, as in {@linkcode Call}. */
  readonly subject: string;
  /** The functions that were called before, in order. */
  readonly after: readonly string[];
  /** Whether the call is a part of closing. */
  readonly closing: boolean;
}

/** An operation to be failed. */
export interface Scenario<T> {
  readonly name: string;
  /** Make what the operation needs, without faults; what it opens is closed with `stack`. */
  prepare(stack: DisposableStack): T | Promise<T>;
  /**
   * Run it, and close what it opens: `closing` is called before that, where a call means something else
   * from there on. It can run again, after a failure too.
   */
  act(it: T, closing: () => void): unknown;
  /** Whether a call is to fail. The default is all. */
  readonly fails?: (call: string) => boolean;
  /** What a fault leads to where the rules of {@linkcode usualOutcome} do not say so. */
  readonly expect?: ((fault: PlacedFault, error: string) => Outcome | undefined) | undefined;
  /** Put right what a fault leaves behind by its nature, such as a file that cannot be removed. */
  repair?(it: T): void;
}

/** Calls that the module repeats when a signal interrupts them. */
const REPEATED = new Set(
  "accept4 connect epoll_wait fcntl flock ftruncate io_uring_enter open poll read recv recvmsg send sendmsg write"
    .split(" "),
);

/** Calls that are made again later when they would have to wait. */
const WAITING = new Set(["accept4", "connect", "recv", "recvmsg", "send", "sendmsg"]);

/** Calls that give something back: there is nothing that could be done about their failure. */
const RELEASING = new Set(["close", "munmap", "unlink", "io_destroy"]);

/** How exceptions name a system call, where not as the C library does. */
const EXCEPTION_NAMES: Readonly<Record<string, string>> = { accept4: "accept", statx: "fstat" };

function usualOutcome({ call }: Fault, error: string): Outcome {
  if (RELEASING.has(call)) return "survives";
  if (error === "EINTR" && REPEATED.has(call)) return "survives";
  if ((error === "EAGAIN" || error === "EWOULDBLOCK") && WAITING.has(call)) return "survives";
  return { syscall: EXCEPTION_NAMES[call] ?? call };
}

/** How long an operation may hang before it counts as lost, in milliseconds. */
const LIMIT = 20_000;

/** Fail every call of a scenario in turn, with every error of its manual page: the number of faults. */
export async function failEach<T>(
  library: FaultyLibrary,
  scenario: Scenario<T>,
): Promise<number> {
  const since = listDescriptors();
  const faults = await faultsFor(library, scenario);
  const wrong: string[] = [];
  let before = listDescriptors();
  for (const fault of faults) {
    try {
      before = await failOnce(library, scenario, fault, before, since);
    } catch (error) {
      library.clear();
      before = listDescriptors();
      wrong.push(
        `${fault.error} from ${fault.call} of "${fault.subject}" (call ${fault.when}): ${error}`,
      );
      if (wrong.length === MOST_REPORTED) break;
    }
  }
  if (wrong.length > 0) throw new Error(`${scenario.name}:\n  ${wrong.join("\n  ")}`);
  return faults.length;
}

const NOTHING = (): void => {};

/** How many failures of one scenario are reported. */
const MOST_REPORTED = 20;

async function faultsFor<T>(
  library: FaultyLibrary,
  scenario: Scenario<T>,
): Promise<PlacedFault[]> {
  // What is opened once and kept, such as the reactor, is open after the first run.
  let closingFrom = Infinity;
  for (let i = 0; i < 2; i++) {
    using stack = new DisposableStack();
    const it = await scenario.prepare(stack);
    library.reset();
    await within(LIMIT, scenario.act(it, () => closingFrom = library.trace().length));
  }
  const faults: PlacedFault[] = [];
  const calls = library.trace();
  for (const [i, { call, subject }] of calls.entries()) {
    if (scenario.fails?.(call) === false) continue;
    const after = calls.slice(0, i).map((it) => it.call);
    const when = after.filter((it) => it === call).length + 1;
    const closing = i >= closingFrom;
    for (const error of errorsOf(call)) faults.push({ call, when, error, subject, after, closing });
  }
  return faults;
}

/** Fail one call, with the descriptors that are open before: those that are open after. */
async function failOnce<T>(
  library: FaultyLibrary,
  scenario: Scenario<T>,
  fault: PlacedFault,
  before: Listing,
  since: Listing,
): Promise<Listing> {
  {
    using stack = new DisposableStack();
    const it = await scenario.prepare(stack);
    library.inject(fault);
    const failure = await failureOf(() => scenario.act(it, NOTHING));
    library.clear();
    if (library.injected > 0) check(scenario, fault, failure);
    else if (failure !== undefined) throw failure;
    scenario.repair?.(it);
    // The next operation works.
    await within(LIMIT, scenario.act(it, NOTHING));
  }
  let after = before;
  const different = await settle(
    () => changes(before, after = listDescriptors(before), since),
    80,
  );
  if (different.length > 0) throw new Error(`Other descriptors are open:\n${different.join("\n")}`);
  return after;
}

async function failureOf(act: () => unknown): Promise<unknown> {
  try {
    await within(LIMIT, act());
  } catch (error) {
    assert(!(error instanceof Hang), "The operation hangs");
    return error;
  }
  return undefined;
}

function check<T>(
  scenario: Scenario<T>,
  fault: PlacedFault,
  failure: unknown,
): void {
  const name = String(fault.error);
  const outcome = scenario.expect?.(fault, name) ?? usualOutcome(fault, name);
  if (outcome === "survives") {
    if (failure !== undefined) throw failure;
    return;
  }
  if (outcome === "either") return void checkLoosely(failure, name);
  if (failure === undefined) throw new Error(`The operation succeeded in spite of ${name}`);
  if ("throws" in outcome) return void assertInstanceOf(failure, outcome.throws);
  const { code, syscall } = failure as { code?: string; syscall?: string };
  if (syscall === undefined) throw failure;
  const wanted = outcome.code ?? (name === "EWOULDBLOCK" ? "EAGAIN" : name);
  const [got, due] = [`${code} from ${syscall}`, `${wanted} from ${outcome.syscall}`];
  if (got !== due) throw new Error(`The exception is ${got}, not ${due}`, { cause: failure });
  const { constructor } = systemError(errorNumber(wanted), outcome.syscall);
  assertInstanceOf(failure, constructor as new () => Error);
}

function checkLoosely(failure: unknown, name: string): void {
  if (failure === undefined || failure instanceof Deno.errors.NotSupported) return;
  const { code } = failure as { code?: string };
  // What epoll_ctl(2) says is there, it is asked to change: but it is not there.
  if (code !== name && !(name === "EEXIST" && code === "ENOENT")) throw failure;
}

class Hang extends Error {}

async function within(milliseconds: number, result: unknown): Promise<unknown> {
  if (!(result instanceof Promise)) return result;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Hang("The operation hangs")), milliseconds);
  });
  try {
    return await Promise.race([result, limit]);
  } finally {
    clearTimeout(timer);
  }
}
