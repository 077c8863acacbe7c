/** Which backends there have to be, so that none is missing unnoticed: their tests are skipped then. */

import { assertEquals } from "@std/assert";
import { libc, replaceLibc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform/mod.ts";
import { ioDestroy, ioSetup } from "../../../ffi/syscalls/aio.ts";
import { closeFd } from "../../../ffi/syscalls/files.ts";
import { ioUringSetup } from "../../../ffi/syscalls/io_uring.ts";
import { epollCreate } from "../../../ffi/syscalls/readiness.ts";
import { openAio } from "../../../lib/reactor/backends/aio.ts";
import { openIoUring } from "../../../lib/reactor/backends/io_uring.ts";
import { openPool } from "../../../lib/reactor/backends/pool.ts";
import type { Opener } from "../../../lib/reactor/types.ts";
import { changes, listDescriptors } from "../../util/descriptors.ts";
import { testUnless } from "../../util/peers.ts";
import { backends, whyMissing } from "../backends.ts";
import { Station } from "../sink.ts";

const linux = platform.name.startsWith("linux-") ? undefined : "Linux only";

/** Whether the kernel makes rings, with polls that report more than once: those of Linux 5.13 and later. */
function hasMultishotPoll(): boolean {
  const params = new Uint8Array(120); // struct io_uring_params
  const ring = ioUringSetup(2, params);
  if (ring < 0) return false;
  closeFd(ring);
  // Asked of the release: what asks the ring itself would miss a fault of the module as well.
  const [major = 0, minor = 0] = Deno.osRelease().split(".").map((it) => parseInt(it));
  return major > 5 || (major === 5 && minor >= 13);
}

/** Whether the kernel has asynchronous I/O, with polls since Linux 4.18. */
function hasAio(): boolean {
  const context = ioSetup(1);
  if (typeof context === "number") return false;
  ioDestroy(context);
  return true;
}

/** Why there is no epoll(7), if that is so: the pool opens nothing of its kind then. */
function noEpoll(): string | undefined {
  const epoll = epollCreate();
  if (epoll < 0) return "the system has no epoll";
  closeFd(epoll);
  return undefined;
}

Deno.test("the pool works everywhere", () => {
  const pools = Object.keys(backends).filter((it) =>
    it.startsWith("pool") && (linux === undefined || it.endsWith("poll(2)"))
  );
  assertEquals(pools.map(whyMissing), pools.map(() => undefined));
});

testUnless(
  linux ?? (hasMultishotPoll() ? undefined : "the kernel has no multishot poll"),
  "io_uring works where the kernel has its multishot poll",
  () => assertEquals(whyMissing("io_uring"), undefined),
);

testUnless(
  linux ?? (hasAio() ? undefined : "the kernel has no asynchronous I/O"),
  "aio works where the kernel has asynchronous I/O",
  () => assertEquals(whyMissing("aio"), undefined),
);

/** What each backend calls to open itself. */
const CALLS: readonly [name: string, opener: Opener, calls: readonly string[]][] = [
  ["io_uring", openIoUring, [
    "io_uring_setup",
    "mmap",
    "io_uring_register",
    "io_uring_enter",
    "eventfd",
  ]],
  ["aio", openAio, ["epoll_create1", "eventfd", "io_setup", "io_submit"]],
  ["pool", openPool, ["epoll_create1", "epoll_ctl", "eventfd"]],
];

/** What the kernel has mapped for rings and contexts. */
function mappings(): string[] {
  return Deno.readTextFileSync("/proc/self/maps").split("\n")
    .filter((it) => /\[io_uring\]|\[aio\]/.test(it));
}

for (const [name, opener, calls] of CALLS) {
  testUnless(
    linux ?? whyMissing(name) ?? noEpoll(),
    `${name} that does not open leaves nothing, whichever call fails`,
    () => {
      new Station(opener)[Symbol.dispose]();
      for (const call of calls) {
        for (let times = 0; times < 3; times++) {
          const before = listDescriptors();
          const mapped = mappings();
          const opened = failing(call, times, () => new Station(opener));
          opened?.[Symbol.dispose]();
          assertEquals({ call, times, left: changes(before, listDescriptors()) }, {
            call,
            times,
            left: [],
          });
          assertEquals(mappings(), mapped, `${call} ${times}`);
          if (times === 0) assertEquals(opened, undefined, call);
        }
      }
    },
  );
}

const MAP_FAILED = Deno.UnsafePointer.create(0xffff_ffff_ffff_ffffn);

/** Let a call go through so many times, and then fail; what `open` returns, if it does. */
function failing(call: string, times: number, open: () => Station): Station | undefined {
  const original = Reflect.get(libc(), call) as (...args: unknown[]) => unknown;
  let calls = 0;
  const value = (...args: unknown[]): unknown => {
    if (calls++ < times) return original(...args);
    libc().close(-1); // for an error number
    return call === "mmap" ? MAP_FAILED : -1;
  };
  const previous = replaceLibc(Object.create(libc(), { [call]: { value } }));
  try {
    return open();
  } catch {
    return undefined;
  } finally {
    replaceLibc(previous);
  }
}
