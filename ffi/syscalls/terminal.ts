/**
 * The calls on terminals: one thin typed function each, returning a value or `-errno`.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { ffiBytes } from "../memory.ts";
import { checked, retried } from "./result.ts";

/** isatty(3): whether it is a terminal. */
export function isatty(fd: number): boolean {
  return libc().isatty(fd) === 1;
}

/** tcgetattr(3) into a `struct termios`. */
export function tcgetattr(fd: number, termios: Uint8Array): number {
  return checked(libc().tcgetattr(fd, ffiBytes(termios)));
}

/** tcsetattr(3) from a `struct termios`. */
export function tcsetattr(fd: number, when: number, termios: Uint8Array): number {
  return retried(() => libc().tcsetattr(fd, when, ffiBytes(termios)));
}
