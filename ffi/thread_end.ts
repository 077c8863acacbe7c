/**
 * Closing descriptors when a thread ends. A Worker's code gets no event when the Worker ends, but the C library
 * calls destructors then, each with a pointer, as for `thread_local` variables of C++.
 *
 * closedir(3) is a destructor for a descriptor: it closes the number at the start of what it is given, and
 * frees that. So each number that this thread has ever owned gets a few bytes in the form of a `DIR`, where the
 * number stands for as long as it is to be closed, and -1 otherwise. That a `DIR` of this C library begins with
 * the number is not taken for granted: dirfd(3) has to find it there.
 *
 * glibc alone has such destructors, and FFI permission for a path, or given up, does not reach for the memory.
 * Without them the end of a thread closes nothing.
 *
 * @module
 */

import { libc } from "./libc.ts";
import { cString } from "./memory.ts";
import { mayFollowPointers } from "./pointers.ts";

/** More than a `DIR` of glibc takes without its buffer. */
const SIZE = 64n;

/** For how many numbers places are made at once. */
const AT_ONCE = 64;

const NONE = -1;
const TRIAL = 12345;

/** The first bytes of each `DIR`, by the number of the descriptor that it is for. */
const places: Int32Array[] = [];

let closedir: Deno.PointerValue | undefined;

/** Have the descriptor closed when the calling thread ends, where that works, unless it is closed or detached before. */
export function closeAtThreadEnd(fd: number): void {
  if (places[fd] === undefined) makePlaces(fd);
  const place = places[fd];
  if (place !== undefined) place[0] = fd;
}

/** Leave the descriptor alone when the thread ends. To be called before it is closed. */
export function keepAtThreadEnd(fd: number): void {
  const place = places[fd];
  if (place !== undefined) place[0] = NONE;
}

/**
 * Make places for `fd` and the numbers around it. The last destructor is called first: the highest number gets
 * its own first, so that a listener is closed before the connections that came later, whose peers may try anew.
 */
function makePlaces(fd: number): void {
  // deno-coverage-ignore -- only if permission was given up since there were places for other numbers
  if (!mayFollowPointers()) return;
  closedir ??= findDestructor();
  // deno-coverage-ignore -- other C libraries than glibc only
  if (closedir === null) return;
  const first = fd - fd % AT_ONCE;
  for (let number = first + AT_ONCE - 1; number >= first; number--) {
    const [pointer, place] = allocate() ?? [];
    // deno-coverage-ignore -- only if there is no memory for 64 bytes
    if (pointer === undefined || place === undefined) return;
    place[0] = NONE;
    // deno-coverage-ignore -- only if there is no memory for 64 bytes
    if (libc().__cxa_thread_atexit_impl?.(closedir, pointer, null) !== 0) return;
    places[number] = place;
  }
}

function findDestructor(): Deno.PointerValue {
  const { dlsym, dirfd, __cxa_thread_atexit_impl } = libc();
  // deno-coverage-ignore -- other C libraries than glibc only
  if (dlsym === null || dirfd === null || __cxa_thread_atexit_impl === null) return null;
  const [pointer, place] = allocate() ?? [];
  // deno-coverage-ignore -- only if there is no memory for 64 bytes
  if (pointer === undefined || place === undefined) return null;
  // The few bytes of this trial are never freed.
  place[0] = TRIAL;
  return dirfd(pointer) === TRIAL ? dlsym(null, cString("closedir")) : null;
}

function allocate(): [Deno.PointerObject, Int32Array] | undefined {
  const pointer = libc().calloc(1n, SIZE);
  // deno-coverage-ignore -- only if there is no memory for 64 bytes
  if (pointer === null) return undefined;
  return [pointer, new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, 4))];
}
