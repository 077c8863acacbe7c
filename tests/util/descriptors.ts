/**
 * What descriptors of this process are open. Deno's own test sanitizers do not see raw ones, and two tests must not
 * run at the same time in one process.
 *
 * @module
 */

import { openAll } from "../../lib/reactor/mod.ts";
import { withDeadline } from "./deadline.ts";

const DIRECTORY = Deno.build.os === "linux" ? "/proc/self/fd" : "/dev/fd";

/** The numbers of open descriptors, and what each refers to. */
export type Listing = Map<number, string>;

/**
 * List the open descriptors of this process and what each refers to. What only one of two looks sees is not
 * counted: the runtime's other threads open files for a moment, glibc too, whenever a thread starts. Where the first
 * look sees what is `expected`, no second is taken.
 */
export function listDescriptors(expected?: Listing): Listing {
  const first = look();
  if (expected !== undefined && isSame(first, expected)) return first;
  return new Map([...look()].filter(([fd, target]) => first.get(fd) === target));
}

function isSame(a: Listing, b: Listing): boolean {
  return a.size === b.size && [...a].every(([fd, target]) => b.get(fd) === target);
}

/** The databases of Deno's caches: it opens them whenever it has compiled something, and keeps them open. */
const RUNTIME_CACHE = /\/[a-z0-9_]+_cache_v\d+(?:-wal|-shm|-journal)?(?: |$)/;

function look(): Listing {
  const open: Listing = new Map();
  for (const { name } of [...Deno.readDirSync(DIRECTORY)]) {
    const target = describe(name);
    if (target !== undefined && !RUNTIME_CACHE.test(target)) open.set(Number(name), target);
  }
  return open;
}

/**
 * Say which file a descriptor is. The one that the listing itself had open is gone by now: it has no
 * description.
 */
function describe(name: string): string | undefined {
  const path = `${DIRECTORY}/${name}`;
  try {
    if (Deno.build.os === "linux") return describeOnLinux(path, name);
    const { isFile, isDirectory, isSocket, ino } = Deno.statSync(path);
    const kind = isFile ? "file" : isDirectory ? "directory" : isSocket ? "socket" : "other";
    return `${kind}:[${ino}]`;
  } catch (error) {
    // A shortage of descriptors would leave out one that is open.
    if ((error as { code?: string }).code === "EMFILE") throw error;
    return undefined;
  }
}

/** What starting threads read of the system, how ever long that takes on a busy machine: no test leaves it open. */
const OF_THE_SYSTEM =
  /^\/sys\/(?:devices\/system\/cpu|fs\/cgroup)\/|^\/proc\/(?:self|\d+)\/(?:cgroup|maps|mountinfo)$/;

/**
 * The target of the link names a socket or a pipe by its number. What else there is may share its name with
 * others: the kernel tells inodes and eventfds apart in `fdinfo`, without asking their file system.
 */
function describeOnLinux(path: string, name: string): string | undefined {
  const target = Deno.readLinkSync(path);
  if (/^(?:socket|pipe):/.test(target)) return target;
  if (OF_THE_SYSTEM.test(target)) return undefined;
  const info = Deno.readTextFileSync(`/proc/self/fdinfo/${name}`);
  return [target, ...info.match(/^(?:mnt_id|ino|eventfd-id|Pid):.*/gm) ?? []].join(" ")
    .replace(/:\s+/g, " ");
}

/** Count the open descriptors of this process. */
export function countDescriptors(): number {
  return listDescriptors().size;
}

/**
 * Let Deno open what it opens once, at the first timer, child process, file and socket, and the reactor
 * what it keeps.
 */
const warmUp = async (): Promise<void> => {
  await new Deno.Command("true").output();
  openAll();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await Deno.stat(".");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
};
let warm: Promise<void> | undefined;

/**
 * What differs between two listings, a line each: what was left open, closed, or put in another's place.
 * What was closed counts if it was open in `since`, too: what came later may go by itself.
 */
export function changes(before: Listing, after: Listing, since: Listing = before): string[] {
  const numbers = [...new Set([...before.keys(), ...after.keys()])].sort((a, b) => a - b);
  return numbers.flatMap((fd) => {
    const [was, is] = [before.get(fd), after.get(fd)];
    if (was === is) return [];
    const lines: string[] = [];
    if (was !== undefined && since.get(fd) === was) lines.push(`  ${fd} -> ${was} was closed`);
    if (is !== undefined) lines.push(`  ${fd} -> ${is} was left open`);
    return lines;
  });
}

/** Wait some turns until nothing differs, as some descriptors are closed later, and return what does. */
export async function settle(different: () => string[], turns: number): Promise<string[]> {
  let lines = different();
  for (let turn = 0; turn < turns && lines.length > 0; turn++) {
    await new Promise((resolve) => setTimeout(resolve, turn));
    lines = different();
  }
  return lines;
}

/** How {@linkcode noLeaks} looks at a test. */
export interface LeakOptions {
  /** Whether the test forgets objects: garbage is collected before descriptors are compared. */
  readonly forgets?: boolean;
  /** How many turns of the event loop descriptors have to be closed in, on a busy machine. */
  readonly turns?: number;
  /** How long the test may wait, in seconds, if that is not as usual. */
  readonly seconds?: number;
}

/**
 * Wrap a test so that it fails when other descriptors are open after it than before, by their numbers and
 * what is behind them: `Deno.test("close() frees the number", noLeaks(() => { … }))`. A descriptor left
 * open does not make up for another that was closed wrongly.
 *
 * What is opened once per process and kept, such as a reactor's own descriptors, is no leak: when the
 * first run changes something, the test runs a second time, and only what that changes counts.
 */
export function noLeaks(
  fn: (t: Deno.TestContext) => void | Promise<void>,
  { forgets = false, turns = 100, seconds }: LeakOptions = {},
): (t: Deno.TestContext) => Promise<void> {
  const run = withDeadline(fn, seconds);
  const since = (before: Listing, base?: Listing) => (): string[] => {
    if (forgets) (globalThis as { gc?: () => void }).gc?.();
    return changes(before, listDescriptors(before), base);
  };
  return async (t) => {
    await (warm ??= warmUp());
    const before = listDescriptors();
    await run(t);
    if ((await settle(since(before), 25)).length === 0) return;
    const between = listDescriptors();
    await run(t);
    // Here it is a failure, unless the machine is busy.
    const different = await settle(since(between, before), turns);
    if (different.length === 0) return;
    throw new Error(
      ["Expected the same descriptors to be open as before", ...different].join("\n"),
    );
  };
}
