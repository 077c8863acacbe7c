/**
 * Checks for calls that cannot wait for their turn.
 *
 * @module
 */

import type { Descriptor } from "../descriptor/descriptor.ts";
import type { SocketType } from "./socket_type.ts";

/**
 * Check that no send of a stream is under way: it may have sent a part.
 *
 * @throws {Deno.errors.Busy} If one is.
 */
export function requireNoSend(descriptor: Descriptor, type: SocketType): void {
  if (descriptor.isWriting && type === "stream") {
    throw new Deno.errors.Busy(
      "Cannot send in the calling thread while an asynchronous send is under way: await that first",
    );
  }
}

/**
 * Check that no receive of a stream is under way: it may have taken a part, and comes first in any case.
 *
 * @throws {Deno.errors.Busy} If one is.
 */
export function requireNoReceive(descriptor: Descriptor, type: SocketType): void {
  if (descriptor.isReading && type === "stream") {
    throw new Deno.errors.Busy(
      "Cannot receive in the calling thread while an asynchronous receive is under way: await that first",
    );
  }
}
