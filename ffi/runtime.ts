/**
 * A check of the runtime: the first import of every entry point, so that an unsupported runtime ends with one
 * clear error.
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

/** Return the name of an unsupported runtime, `undefined` for a supported one. */
export function unfit(globals: Runtimes): string | undefined {
  const version = globals.Deno?.version?.deno;
  if (version !== undefined) return isOlder(version) ? `Deno ${version}` : undefined;
  if (globals.Bun !== undefined) return `Bun ${globals.Bun.version}`;
  const node = globals.process?.version;
  return node === undefined ? "another runtime" : `Node ${node}`;
}

/** Compares without a regular expression: V8 compiles one for as long as the rest of this file takes. */
function isOlder(version: string): boolean {
  const numbers = version.split(".");
  for (let i = 0; i < OLDEST.length; i++) {
    const number = parseInt(numbers[i] ?? "0"), oldest = OLDEST[i] ?? 0;
    if (number !== oldest) return number < oldest;
  }
  return false;
}

// By the global object's property descriptors: naming `process` makes Deno build it.
const runtime = unfit(globalThis as Runtimes);
if (runtime !== undefined) {
  throw new Error(
    `Cannot use @denet/unix in ${runtime}: it needs Deno ${
      OLDEST.join(".")
    } or later, see https://deno.com`,
  );
}
