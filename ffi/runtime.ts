/**
 * Whether the runtime will do: the first import of every entry point, so that others end with one clear error
 * rather than with whatever they miss first.
 *
 * @module
 */

/** The oldest version that is supported. Before it, the `fd` of a file of `node:fs` is no descriptor. */
const OLDEST = [2, 7, 12] as const;

interface Runtimes {
  readonly Deno?: { readonly version?: { readonly deno?: string } };
  readonly Bun?: { readonly version: string };
  readonly process?: { readonly version?: string };
}

/** Name a runtime that will not do, `undefined` for one that will. */
export function unfit(globals: Runtimes): string | undefined {
  const version = globals.Deno?.version?.deno;
  if (version !== undefined) return isOlder(version) ? `Deno ${version}` : undefined;
  if (globals.Bun !== undefined) return `Bun ${globals.Bun.version}`;
  const node = globals.process?.version;
  return node === undefined ? "another runtime" : `Node ${node}`;
}

function isOlder(version: string): boolean {
  const numbers = version.split(/[.+-]/).map(Number);
  for (const [i, oldest] of OLDEST.entries()) {
    const number = numbers[i] ?? 0;
    if (number !== oldest) return number < oldest;
  }
  return false;
}

// The global object is asked for as it is: naming `process` makes Deno build it.
const runtime = unfit(globalThis as Runtimes);
if (runtime !== undefined) {
  throw new Error(
    `Cannot use @denet/unix in ${runtime}: it needs Deno ${
      OLDEST.join(".")
    } or later, see https://deno.com`,
  );
}
