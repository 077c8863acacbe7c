/**
 * The errors of waiting.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";

/** The error for a descriptor that the kernel would not watch. */
export function waitError(fd: number, result: number): Error {
  const name = platform.errnoNames[-result] ?? `error ${-result}`;
  if (result === -platform.EBADF) {
    return new Deno.errors.BadResource(
      `Cannot wait for descriptor ${fd}: it is not open (${name})`,
    );
  }
  if (result === -platform.EPERM) {
    return new Deno.errors.NotSupported(
      `Cannot wait for descriptor ${fd}: files of its kind are always ready (${name})`,
    );
  }
  return new Error(`Cannot wait for descriptor ${fd}: ${name}`);
}

/** The reason why a backend does not work here, as text for the error that lists them all. */
export function unavailable(what: string, result: number): Error {
  return new Deno.errors.NotSupported(
    `${what} is not available: ${platform.errnoNames[-result] ?? `error ${-result}`}`,
  );
}
