/**
 * The calls that wait for readiness, and what wakes them: eventfd(2), pipe(2), epoll(7) and poll(2) on
 * many descriptors. One thin typed function each, returning a value or `-errno`.
 *
 * @module
 */

import { libc } from "../libc.ts";
import { type Bytes, ffiBytes } from "../memory.ts";
import { platform } from "../platform/mod.ts";
import { closeFd, setCloseOnExec, setNonblocking } from "./files.ts";
import { checked, missing } from "./result.ts";

const EFD_CLOEXEC = 0o2000000; // <sys/eventfd.h>
const EFD_NONBLOCK = 0o4000;

/** eventfd(2), close-on-exec. */
export function eventfd(initial = 0, nonblocking = true): number {
  const { eventfd } = libc();
  if (eventfd === null) return missing();
  return checked(eventfd(initial, EFD_CLOEXEC | (nonblocking ? EFD_NONBLOCK : 0)));
}

/** pipe2(2), or pipe(2) and fcntl(2), both ends close-on-exec: `[read, write]`, or `-errno`. */
export function pipe(nonblocking = true): [number, number] | number {
  const ends = new Int32Array(2);
  const c = libc();
  const { pipe2 } = c;
  const flags = platform.O_CLOEXEC | (nonblocking ? platform.O_NONBLOCK : 0);
  const result = checked(pipe2 === null ? c.pipe(ends) : pipe2(ends, flags));
  if (result < 0) return result;
  const [reading = -1, writing = -1] = ends;
  if (pipe2 !== null) return [reading, writing];
  for (const fd of [reading, writing]) {
    const failed = Math.min(setCloseOnExec(fd, true), setNonblocking(fd, nonblocking));
    if (failed >= 0) continue;
    closeFd(reading);
    closeFd(writing);
    return failed;
  }
  return [reading, writing];
}

/** epoll_create1(2), close-on-exec. */
export function epollCreate(): number {
  const { epoll_create1 } = libc();
  return epoll_create1 === null ? missing() : checked(epoll_create1(platform.O_CLOEXEC));
}

/** The operations of {@linkcode epollControl}: `<linux/eventpoll.h>`. */
export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

/** epoll_ctl(2) with a `struct epoll_event` laid out in `event`. */
export function epollControl(
  epoll: number,
  operation: number,
  fd: number,
  event: Uint8Array,
): number {
  const { epoll_ctl } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (epoll_ctl === null) return missing();
  return checked(epoll_ctl(epoll, operation, fd, ffiBytes(event)));
}

/** epoll_wait(2) without waiting: the number of events written to `events`. */
export function epollPoll(epoll: number, events: Uint8Array, capacity: number): number {
  const { epoll_wait } = libc();
  return epoll_wait === null
    ? missing()
    : checked(epoll_wait(epoll, ffiBytes(events), capacity, 0));
}

/**
 * epoll_wait(2) on a thread of Deno's pool, for at most `timeout` milliseconds (-1: without limit): the
 * number of events, or -1 without an error number, which belongs to the other thread.
 */
export function epollWaitInPool(
  epoll: number,
  events: Bytes,
  capacity: number,
  timeout: number,
): Promise<number> {
  const { epollWaitInPool } = libc();
  // deno-coverage-ignore -- macOS and other BSD systems only
  if (epollWaitInPool === null) return Promise.resolve(-1);
  return epollWaitInPool(epoll, events, capacity, timeout);
}

/** poll(2) on the first `count` entries of `fds`, without waiting: how many of them have events. */
export function pollMany(fds: Uint8Array, count: number): number {
  return checked(libc().poll(ffiBytes(fds), BigInt(count), 0));
}

/** poll(2) on a thread of Deno's pool, in the same way as {@linkcode epollWaitInPool}. */
export function pollWaitInPool(fds: Bytes, count: number, timeout: number): Promise<number> {
  return libc().pollInPool(fds, BigInt(count), timeout);
}

/** sched_yield(2): let another thread that is ready run on this processor first. */
export function schedYield(): void {
  libc().sched_yield();
}
