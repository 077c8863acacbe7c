import { assertEquals, assertThrows } from "@std/assert";
import { attachErrno, errno } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { platform } from "../../ffi/platform/mod.ts";

const { EBADF, ENOENT } = platform;

Deno.test("errno() is what the last failed call left", () => {
  const path = new TextEncoder().encode("/nothing/here\0");
  assertEquals({ close: libc().close(-1), errno: errno() }, { close: -1, errno: EBADF });
  assertEquals({ unlink: libc().unlink(path), errno: errno() }, { unlink: -1, errno: ENOENT });
});

Deno.test("errno() is right however often the garbage collector runs", () => {
  const path = new TextEncoder().encode("/nothing/here\0");
  const { close, unlink } = libc();
  let wrong = 0;
  for (let n = 0; n < 100_000; n++) {
    close(-1);
    if (errno() !== EBADF) wrong++;
    new Array(50).fill(n);
    unlink(path);
    if (errno() !== ENOENT) wrong++;
  }
  assertEquals(wrong, 0);
});

Deno.test("attachErrno() copies nothing where it may lay a view over the variable", () => {
  const { __errno_location, __error } = libc();
  const location = (__errno_location ?? __error)?.() as Deno.PointerValue;
  attachErrno(location, () => {
    throw new Error("no copy is needed");
  });
  libc().close(-1);
  assertEquals(errno(), EBADF);
});

Deno.test("attachErrno() refuses a library without the address of errno", () => {
  assertThrows(() => attachErrno(null, () => () => {}), Deno.errors.NotSupported, "errno");
  libc().close(-1);
  assertEquals(errno(), EBADF);
});
