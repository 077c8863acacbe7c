/**
 * Linux's asynchronous I/O, io_setup(2) and its kin: one thin typed function per call, returning a value or
 * `-errno`. The C library has no names for these calls.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { ffiBytes } from "../memory.ts";
import { platform } from "../platform/mod.ts";
import { mayFollowPointers } from "../pointers.ts";
import { checked, missing } from "./result.ts";

/** An `aio_context_t`: the address of a ring of completions that the kernel shares with the process. */
export type AioContext = bigint;

/** io_setup(2) for `events` requests under way at once. */
export function ioSetup(events: number): AioContext | number {
  const { io_setup } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (io_setup === null || platform.SYS_io_setup < 0) return missing();
  // Its completions are in memory that the kernel maps.
  if (!mayFollowPointers()) return -platform.EPERM;
  const context = new BigUint64Array(1);
  const number = BigInt(platform.SYS_io_setup);
  const result = checked(io_setup(number, events, ffiBytes(new Uint8Array(context.buffer))));
  return result < 0 ? result : context[0] ?? 0n;
}

/** io_destroy(2): cancels what is under way. */
export function ioDestroy(context: AioContext): number {
  const { io_destroy } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (io_destroy === null) return missing();
  return checked(io_destroy(BigInt(platform.SYS_io_destroy), context));
}

/** io_submit(2) of the one request whose address is in `pointer`. */
export function ioSubmit(context: AioContext, pointer: Uint8Array): number {
  const { io_submit } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (io_submit === null) return missing();
  return checked(io_submit(SUBMIT, context, 1n, ffiBytes(pointer)));
}

const SUBMIT = BigInt(platform.SYS_io_submit);

/**
 * Return the first `words` 32-bit words of the ring of completions. They may not be touched after
 * {@linkcode ioDestroy}.
 */
export function aioRing(context: AioContext, words: number): Int32Array {
  const pointer = Deno.UnsafePointer.create(context);
  // deno-coverage-ignore -- for the compiler: a ring that is set up is not at address 0
  if (pointer === null) return new Int32Array(words);
  return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, words * 4));
}
