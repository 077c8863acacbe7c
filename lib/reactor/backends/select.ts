/**
 * The list of backends, and the environment variables that choose among them.
 *
 * @module
 */

import { openAio } from "./aio.ts";
import { passing } from "../errors.ts";
import { openIoUring } from "./io_uring.ts";
import { openPool } from "./pool.ts";
import { inWorker } from "../../event_loop.ts";
import type { IdleMechanisms } from "../idle_policy.ts";
import type { Opener } from "../types.ts";

/** The variable that forces a backend, where the program may read it. */
const VARIABLE = "DENET_UNIX_REACTOR";

/**
 * The memory of a ring stays mapped when a Worker ends, and with it the ring, which keeps what it polls open: the
 * peer would never see the end. So a Worker uses asynchronous I/O instead, also where the ring is forced.
 */
const backends: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["io_uring", (sink) => inWorker() ? openAio(sink) : openIoUring(sink)],
  ["aio", (sink) => openAio(sink)],
  ["pool", (sink) => openPool(sink)],
]);

/** Further values of the variable: the forms of the pool that other systems use. */
const variants: ReadonlyMap<string, Opener> = new Map<string, Opener>([
  ["poll", (sink) => openPool(sink, { portable: true })],
]);

/**
 * Return the backends to try, best first.
 *
 * @throws {Error} If the environment names one that there is not.
 */
export function openers(forced: string | undefined = forcedBackend()): Opener[] {
  if (forced === undefined || forced === "") {
    return inWorker() ? [openAio, openPool] : [...backends.values()];
  }
  const opener = backends.get(forced) ?? variants.get(forced);
  if (!opener) throw new Error(`${VARIABLE} is "${forced}": set it to one of ${named()}`);
  return [(sink) => {
    try {
      return opener(sink);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable || passing(error)) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(
        `${VARIABLE} is "${forced}", which does not work here (${reason}): ` +
          `set it to one of ${named(forced)}, or leave it unset`,
      );
    }
  }];
}

function named(except?: string): string {
  return [...backends.keys()].filter((it) => it !== except).map((it) => `"${it}"`).join(", ");
}

function forcedBackend(): string | undefined {
  return readIfAllowed(VARIABLE);
}

/** The variable that names what is tried before a thread sleeps, for benches: none, or some of "yield poll". */
const IDLE_VARIABLE = "DENET_UNIX_IDLE";

/** Return what is tried before a thread sleeps: all, or what the environment names. */
export function mechanisms(
  names: string | undefined = readIfAllowed(IDLE_VARIABLE),
): IdleMechanisms {
  if (names === undefined) return {};
  const on = names.split(" ");
  return { yielding: on.includes("yield"), polling: on.includes("poll") };
}

/** Read a variable if that is allowed already. Never asks. */
function readIfAllowed(variable: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable });
  return state === "granted" ? Deno.env.get(variable) : undefined;
}
