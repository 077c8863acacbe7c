/** What a peer's program does for one work and role; a server that only answers has nothing. */
export interface Part {
  /** Runs `operations` operations and returns how many it completed. */
  run?(operations: number): number | Promise<number>;
  /** Further figures of the last run, for its answer. */
  figures?(): Readonly<Record<string, number>>;
  /** Accepts `count` connections and starts to wait on each. */
  idle?(count: number): Promise<void>;
}

/** Sets up one work. */
export type Setup = (role: string, path: string, variant: string) => Part | Promise<Part>;

/** Reads the arguments, sets the work up and obeys the bench until the end of standard input. */
export async function serve(works: Readonly<Record<string, Setup>>): Promise<never> {
  const [work = "", role = "", path = "", variant = ""] = Deno.args;
  const setup = works[work];
  if (!setup) {
    print({ cannot: `There is no program for "${work}"` });
    Deno.exit(0);
  }
  const part = await setup(role, path, variant);
  print({ ready: true });
  await obey(part);
  Deno.exit(0);
}

async function obey(part: Part): Promise<void> {
  const buffer = new Uint8Array(64);
  for (;;) {
    // The bench sends one short line at a time and waits for the answer.
    const length = await Deno.stdin.read(buffer);
    if (length === null) return;
    const line = new TextDecoder().decode(buffer.subarray(0, length));
    const [command = "", count = ""] = line.trim().split(" ");
    print(await answer(part, command, Number(count)));
  }
}

async function answer(part: Part, command: string, count: number): Promise<unknown> {
  const start = performance.now();
  const done = await perform(part, command, count);
  const wall = Math.round((performance.now() - start) * 1e6);
  return { count: done, wall, ...part.figures?.() };
}

async function perform(part: Part, command: string, count: number): Promise<number> {
  if (command === "run") return await part.run?.(count) ?? 0;
  if (command === "idle") await part.idle?.(count);
  if (command === "settle") settle();
  return count;
}

// Started with --expose-gc, so that garbage does not count as memory in use.
function settle(): void {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") throw new Error("Cannot collect garbage without --expose-gc");
  collect();
  collect();
}

function print(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(value) + "\n"));
}
