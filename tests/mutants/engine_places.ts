/**
 * Single places of `ffi/` and of the engine whose change no program could notice, by file, with the reasons.
 *
 * @module
 */

import type { Place } from "./places.ts";

export const ENGINE_PLACES: Readonly<Record<string, readonly Place[]>> = {
  "ffi/memory.ts": [
    {
      line: "halves[1] = length > 0xffffffff ? length / 0x100000000 : 0;",
      was: ">",
      why: "what is less than 1 is kept as 0",
    },
  ],
  "ffi/runtime.ts": [
    {
      line: "for (let i = 0; i < OLDEST.length; i++) {",
      was: "<",
      why: "no version has a fourth number, which counts as 0 on both sides",
    },
  ],
  "ffi/syscalls/aio.ts": [
    {
      line: "return new Int32Array(Deno.UnsafePointerView.getArrayBuffer(pointer, words * 4));",
      was: "4",
      why: "what a longer view reaches is not read",
    },
  ],
  "ffi/syscalls/file_io.ts": [
    {
      line: "const LENGTH = platform.iovec.iov_len[0] / 4;",
      was: "0",
      why: "the field lies as far in as it is wide",
    },
    {
      line: "const RWF_NOWAIT = 0x8; // <linux/fs.h>",
      was: "0x8",
      why: "the bit that one more sets is for disks, which are not read like this",
    },
  ],
  "ffi/syscalls/files.ts": [
    {
      line: "const end = timeout > 0 ? now() + timeout : 0;",
      was: "0",
      why: "the end is looked at where there is a limit only",
    },
  ],
  "ffi/syscalls/io_uring.ts": [
    {
      line: "const PROT_READ = 0x1;",
      was: "0x1",
      why: "one more is PROT_WRITE, and memory that may be written may be read",
    },
  ],
  "ffi/syscalls/memory_map.ts": [
    {
      line: "const PROT_READ = 0x1;",
      was: "0x1",
      why: "one more is PROT_WRITE, and memory that may be written may be read",
    },
  ],
  "ffi/syscalls/unix_diag.ts": [
    {
      line: "for (let at = ANSWER; isAnswer && at + 12 <= answer.byteLength;) {",
      was: "<=",
      why: "another attribute follows the file",
    },
  ],
  "lib/descriptor/finalizer.ts": [
    {
      line: "((round - (arrivals[i] ?? 0)) >>> 0) >= DEFERRED_ROUNDS;",
      was: ">=",
      why: "one more round only tunes",
    },
    {
      line: "if (arrived + count < FEW_PER_TURN) rounds = 0;",
      was: "arrived + count < FEW_PER_TURN",
      why: "whether objects are registered by rounds or by turns only tunes",
    },
    {
      line: "if (arrived + count < FEW_PER_TURN) rounds = 0;",
      was: "+",
      why: "whether objects are registered by rounds or by turns only tunes",
    },
  ],
  "lib/descriptor/leftovers.ts": [
    {
      line: "const target = new Uint8Array(4096);",
      was: "4096",
      why: "no link of these is as long",
    },
  ],
  "lib/descriptor/perform.ts": [
    {
      line: "return found === 0 && left < LONGEST_POLL;",
      was: "<",
      why: "the difference shows after 24 days",
    },
  ],
  "lib/reactor/backends/epoll_set.ts": [
    {
      line: "watched.unclaimed = 0;",
      was: "0",
      why: "one event less until the next time only tunes",
    },
  ],
  "lib/reactor/backends/io_uring.ts": [
    {
      line: "this.#silent = true;",
      was: "this.#silent = true;",
      why: "it is silenced again, to the same end",
    },
    { line: "this.#silent = true;", was: "true", why: "it is silenced again, to the same end" },
    { line: "return 0;", was: "0", why: "what is not negative is no error" },
    {
      line: "if ((watched.registered & interest) !== 0) return 0;",
      was: "0",
      why: "what is not negative is no error",
    },
    {
      line: "watched.unclaimed = 0;",
      was: "0",
      why: "one event less until the next time only tunes",
    },
  ],
  "lib/reactor/backends/poll_set.ts": [
    {
      line: "return 0;",
      was: "0",
      why: "less than 0 alone is a failure",
    },
    { line: "outdated = false;", was: "false", why: "an empty set is made anew to the same end" },
    {
      line: "return found > 0 ? this.#polled.deliver(this.#sink, limit) : found;",
      was: ">",
      why: "where nothing is reported, nothing is delivered",
    },
    {
      line: "return result > 0 ? this.#waited.deliver(this.#sink) : result;",
      was: ">",
      why: "where nothing is reported, nothing is delivered",
    },
  ],
  "lib/reactor/backends/ring.ts": [
    {
      line: "return ((this.#tail - Atomics.load(this.#ring, this.#sqHead)) | 0) > this.#sqMask;",
      was: "0",
      why: "the bit that one more sets is set in the mask",
    },
  ],
  "lib/reactor/backends/waker.ts": [
    { line: "const drain = new Uint8Array(64);", was: "64", why: "what is left is read next time" },
  ],
  "lib/reactor/idle_policy.ts": [
    {
      line: "? polling.try(busyPoll, poll, MAX_TIME_PER_TURN * 1000)",
      was: "1000",
      why: "a microsecond more in each turn only tunes",
    },
  ],
  "lib/reactor/reactor.ts": [
    {
      line: "return this.#token = (this.#token + 1) | 0;",
      was: "+",
      why: "tokens only have to differ",
    },
  ],
  "lib/reactor/registration.ts": [
    { line: "readToken = 0;", was: "0", why: "tokens only have to differ" },
    { line: "writeToken = 0;", was: "0", why: "tokens only have to differ" },
  ],
};
