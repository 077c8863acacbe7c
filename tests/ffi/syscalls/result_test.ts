import { assertEquals } from "@std/assert";
import { libc } from "../../../ffi/libc.ts";
import { platform } from "../../../ffi/platform/mod.ts";
import { checked, missing, retried } from "../../../ffi/syscalls/result.ts";

const { EBADF, EINTR, ENOSYS } = platform;

/** Fail as a call does that a signal interrupted. */
function interrupted(): number {
  const location = libc().__errno_location?.() ?? libc().__error?.() ?? null;
  if (location === null) throw new Error("errno has no location");
  new Int32Array(Deno.UnsafePointerView.getArrayBuffer(location, 4))[0] = EINTR;
  return -1;
}

Deno.test("checked() is the value, or the negated error number", () => {
  assertEquals(checked(0), 0);
  assertEquals(checked(7), 7);
  assertEquals(checked(7n), 7);
  assertEquals(checked(libc().close(-1)), -EBADF);
});

Deno.test("retried() calls again for as long as a signal interrupts", () => {
  let calls = 0;
  assertEquals(retried(() => ++calls < 4 ? interrupted() : 9), 9);
  assertEquals(calls, 4);
});

Deno.test("retried() passes on every other error at once", () => {
  let calls = 0;
  assertEquals(retried(() => libc().close(-1 - calls++)), -EBADF);
  assertEquals(calls, 1);
});

Deno.test("missing() reports what a kernel without the call reports", () => {
  assertEquals(missing(), -ENOSYS);
});
