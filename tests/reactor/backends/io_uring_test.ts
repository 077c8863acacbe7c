/** The rings themselves. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { libc, replaceLibc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform/mod.ts";
import { SharedMemory } from "../../../ffi/syscalls/io_uring.ts";
import { Ring } from "../../../lib/reactor/backends/ring.ts";
import { noLeaks } from "../../util/descriptors.ts";
import { testUnless } from "../../util/peers.ts";

const linux = Deno.build.os === "linux" ? undefined : "Linux only";

testUnless(
  linux,
  "a ring keeps completions for which it has no space",
  noLeaks(() => {
    const ring = new Ring({ entries: 2, completions: 2 });
    const NOP = 0;
    for (let i = 0; i < 10; i++) assertEquals(ring.push(NOP, -1, i, ~i), 0);
    assertEquals(ring.enter(), 0);
    const seen: number[] = [];
    for (let i = 0; i < 20; i++) {
      ring.reap(1, (low, high, result, flags) => {
        assertEquals({ high, result, flags }, { high: ~low, result: 0, flags: 0 });
        seen.push(low);
      });
      if (!ring.idle) assertEquals(ring.enter(), 0);
    }
    assertEquals(seen, Array.from({ length: 10 }, (_, i) => i));
    assert(ring.empty && ring.idle);
    ring.dispose();
  }),
);

testUnless(
  linux,
  "a ring has space again for the completions that were taken",
  noLeaks(() => {
    const ring = new Ring({ entries: 2, completions: 2 });
    const NOP = 0;
    for (let round = 0; round < 5; round++) {
      for (let i = 0; i < 2; i++) assertEquals(ring.push(NOP, -1, i, 0), 0);
      assertEquals(ring.enter(), 0);
      // Without space the kernel would keep completions back, and say so.
      assertEquals({ isIdle: ring.idle, taken: ring.reap(2, () => {}) }, {
        isIdle: true,
        taken: 2,
      });
    }
    ring.dispose();
  }),
);

testUnless(
  linux,
  "push() makes space by an enter(), and says why there is none",
  noLeaks(() => {
    const ring = new Ring({ entries: 2, completions: 2 });
    const NOP = 0;
    const fill = (): number[] => [0, 1, 2].map((i) => ring.push(NOP, -1, i, 0));
    for (const [result, said] of [[0, -platform.EAGAIN], [-1, -platform.EBADF]] as const) {
      const enter = libc().io_uring_enter as unknown as (...args: unknown[]) => number | bigint;
      const refusing = (call: unknown, _ring: unknown, ...rest: unknown[]): number | bigint =>
        // The error number is that of a true call on no descriptor.
        result === 0 ? 0 : enter(call, -1, ...rest);
      const previous = replaceLibc(
        Object.create(libc(), { io_uring_enter: { value: refusing } }),
      );
      try {
        assertEquals(fill(), [0, 0, said]);
      } finally {
        replaceLibc(previous);
      }
      assertEquals(fill(), [0, 0, 0]);
      assertEquals(ring.enter(), 0);
    }
    ring.dispose();
  }),
);

testUnless(
  linux,
  "a ring with flags that no kernel has is refused, and leaves nothing open",
  noLeaks(() => {
    assertThrows(() => new Ring({ entries: 2, completions: 2, flags: 1 << 31 }), Error, "EINVAL");
  }),
);

testUnless(
  linux,
  "a ring whose second mapping is refused takes the first one back",
  noLeaks(() => {
    const c = libc();
    const mapped: Deno.PointerValue[] = [], unmapped: Deno.PointerValue[] = [];
    const mmap: typeof c.mmap = (address, length, protection, flags, fd, offset) => {
      // On no descriptor: the error number is that of a true call.
      const result = c.mmap(
        address,
        length,
        protection,
        flags,
        mapped.length > 0 ? -1 : fd,
        offset,
      );
      mapped.push(result);
      return result;
    };
    const munmap: typeof c.munmap = (address, length) => {
      unmapped.push(address);
      return c.munmap(address, length);
    };
    const previous = replaceLibc(
      Object.create(c, { mmap: { value: mmap }, munmap: { value: munmap } }),
    );
    try {
      assertThrows(() => new Ring({ entries: 2, completions: 2 }), Error, "io_uring");
    } finally {
      replaceLibc(previous);
    }
    assertEquals({ tried: mapped.length, unmapped }, { tried: 2, unmapped: [mapped[0]] });
  }),
);

testUnless(linux, "SharedMemory.map() of a number that is no descriptor is -EBADF", () => {
  assertEquals(SharedMemory.map(987654, 4096, 0), -platform.EBADF);
});

/** The mappings of rings in this process. */
function mappings(): number {
  return Deno.readTextFileSync("/proc/self/maps").split("\n")
    .filter((it) => it.includes("anon_inode:[io_uring]")).length;
}

testUnless(linux, "a ring that is disposed of, or cannot be made, leaves no mapping", () => {
  const before = mappings();
  const ring = new Ring({ entries: 2, completions: 2 });
  const during = mappings();
  ring.dispose();
  assert(during > before, `${during}, ${before}`);
  assertEquals(mappings(), before);
  assertThrows(() => new Ring({ entries: 2, completions: 2, flags: 1 << 31 }), Error, "EINVAL");
  assertEquals(mappings(), before);
});
