/**
 * Accepting connections, whatever happens to one of them.
 *
 * @module
 */

import type { Listener, Socket } from "../mod.ts";
import { codeOf } from "./cli/text.ts";

/** Errors that pass, or that concern one client only. */
const PASSING = ["EMFILE", "ENFILE", "ENOBUFS", "ENOMEM", "ECONNABORTED", "EPROTO"];

/** How long to wait for descriptors and memory, in milliseconds. */
const PAUSE = 50;

/**
 * Accept a connection; while there are no descriptors for it, clients wait. `undefined` when the listener is
 * closed.
 */
export async function accepted(listener: Listener): Promise<Socket | undefined> {
  for (;;) {
    try {
      return await listener.accept();
    } catch (error) {
      if (error instanceof Deno.errors.BadResource) return undefined;
      if (!PASSING.includes(codeOf(error) ?? "")) throw error;
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
    }
  }
}
