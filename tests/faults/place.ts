/**
 * What the operations under test work on.
 *
 * @module
 */

import { tempDir } from "../util/tempdir.ts";

/** Paths to listen on: one that fits a `sockaddr_un` and one that does not. */
export interface Place {
  readonly short: string;
  readonly long: string;
}

/** Make a directory for sockets. */
export function place(stack: DisposableStack): Place {
  const dir = stack.use(tempDir());
  const deep = dir.join("d".repeat(120));
  Deno.mkdirSync(deep);
  return { short: dir.join("s"), long: `${deep}/s` };
}

/** Remove what is left of a socket. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Bytes to send, and how to recognize them. */
export const DATA = new TextEncoder().encode("the quick brown fox");
