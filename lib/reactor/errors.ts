/**
 * The errors of waiting.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { systemError } from "../errors.ts";

/** How the errors name the system call, whichever a backend makes. */
const SYSCALL = "poll";

/** Return the error for a descriptor that the kernel refuses to watch. */
export function waitError(fd: number, result: number): Error {
  const { code, errno, syscall } = systemError(-result, SYSCALL);
  if (result === -platform.EBADF) {
    return Object.assign(
      new Deno.errors.BadResource(`Cannot wait for descriptor ${fd}: it is not open (${code})`),
      { code, errno, syscall },
    );
  }
  if (result === -platform.EPERM) {
    return Object.assign(
      new Deno.errors.NotSupported(
        `Cannot wait for descriptor ${fd}: files of its kind are always ready (${code}); read or write it without waiting`,
      ),
      { code, errno, syscall },
    );
  }
  return systemError(-result, SYSCALL);
}

/** Reports that a backend did not open because of a temporary shortage, such as of descriptors. */
class Shortage extends Error {}

/** The reason why a backend does not work here, as text for the error that lists them all. */
export function unavailable(what: string, result: number): Error {
  const cause = systemError(-result, SYSCALL);
  const message = `${what} is not available: ${cause.code}`;
  return isShortage(result)
    ? new Shortage(message, { cause })
    : Object.assign(new Deno.errors.NotSupported(message), { cause });
}

function isShortage(result: number): boolean {
  const { EMFILE, ENFILE, ENOMEM, ENOBUFS } = platform;
  return [EMFILE, ENFILE, ENOMEM, ENOBUFS].includes(-result);
}

/** Return the user's error in an {@linkcode unavailable}, if its reason is temporary. */
export function passing(error: unknown): Error | undefined {
  return error instanceof Shortage ? error.cause as Error : undefined;
}

/** Return the user's error in an {@linkcode unavailable}. */
export function causeOf(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error;
}
