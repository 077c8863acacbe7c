/**
 * Counting the descriptors of this process. Deno's own test sanitizers do not see raw ones, and
 * test files must not run in parallel, as they would share one process.
 *
 * @module
 */

import { backend } from "../../lib/reactor/mod.ts";

const DIRECTORY = Deno.build.os === "linux" ? "/proc/self/fd" : "/dev/fd";

/**
 * List the open descriptors of this process and what each refers to. What only one of two looks sees is not
 * counted: the runtime's other threads open files for a moment, glibc too, whenever a thread starts.
 */
export function listDescriptors(): Map<number, string> {
  const before = look();
  return new Map([...look()].filter(([fd, target]) => before.get(fd) === target));
}

function look(): Map<number, string> {
  const open = new Map<number, string>();
  for (const { name } of [...Deno.readDirSync(DIRECTORY)]) {
    const target = describe(`${DIRECTORY}/${name}`);
    if (target !== undefined) open.set(Number(name), target);
  }
  return open;
}

/** The one that the listing itself had open is gone by now: it has no description. */
function describe(path: string): string | undefined {
  try {
    if (Deno.build.os === "linux") return Deno.readLinkSync(path);
    const { isFile, isDirectory, isSocket, ino } = Deno.statSync(path);
    const kind = isFile ? "file" : isDirectory ? "directory" : isSocket ? "socket" : "other";
    return `${kind}:[${ino}]`;
  } catch {
    return undefined;
  }
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
  backend();
  await new Promise((resolve) => setTimeout(resolve, 0));
  await Deno.stat(".");
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  listener.close();
};
let warm: Promise<void> | undefined;

/** Wait some turns until no more than `limit` descriptors are open: some are closed later. */
async function settle(limit: number, turns: number): Promise<Map<number, string>> {
  let open = listDescriptors();
  for (let turn = 0; turn < turns && open.size > limit; turn++) {
    await new Promise((resolve) => setTimeout(resolve, turn));
    open = listDescriptors();
  }
  return open;
}

/**
 * Wrap a test so that it fails when it leaves descriptors behind:
 * `Deno.test("close() frees the number", noLeaks(() => { … }))`.
 *
 * What is opened once per process and kept, such as a reactor's own descriptors, is no leak: when the
 * first run leaves some, the test runs a second time, and only what the second run leaves counts.
 */
export function noLeaks(
  fn: (t: Deno.TestContext) => void | Promise<void>,
): (t: Deno.TestContext) => Promise<void> {
  return async (t) => {
    await (warm ??= warmUp());
    const before = listDescriptors();
    await fn(t);
    const between = await settle(before.size, 25);
    if (between.size <= before.size) return;
    await fn(t);
    const after = await settle(between.size, 100); // here it is a failure, unless the machine is busy
    if (after.size > between.size) throw new Error(report(before, between, after));
  };
}

type Listing = Map<number, string>;

function report(before: Listing, between: Listing, after: Listing): string {
  const left = [...after].filter(([fd, target]) => before.get(fd) !== target);
  return [
    `Expected no descriptor to stay open, but their number grows: ` +
    `${before.size}, after a run ${between.size}, after another ${after.size}`,
    ...left.map(([fd, target]) => `  ${fd} -> ${target}`),
  ].join("\n");
}
