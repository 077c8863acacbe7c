/** The errors of waiting. */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { causeOf, passing, unavailable, waitError } from "../../lib/reactor/errors.ts";

/** What a user can tell of an error. */
function seen(error: Error): Record<string, unknown> {
  const { name, message, code, errno, syscall } = error as Error & Record<string, unknown>;
  return { name, message, code, errno, syscall };
}

Deno.test("waitError() says which descriptor is not open, or is never waited for", () => {
  const syscall = "poll";
  assertEquals(seen(waitError(7, -platform.EBADF)), {
    name: "BadResource",
    message: "Cannot wait for descriptor 7: it is not open (EBADF)",
    code: "EBADF",
    errno: platform.EBADF,
    syscall,
  });
  assertEquals(seen(waitError(8, -platform.EPERM)), {
    name: "NotSupported",
    message:
      "Cannot wait for descriptor 8: files of its kind are always ready (EPERM); read or write it without waiting",
    code: "EPERM",
    errno: platform.EPERM,
    syscall,
  });
  const { code, errno } = seen(waitError(9, -platform.ENOMEM));
  assertEquals({ code, errno }, { code: "ENOMEM", errno: platform.ENOMEM });
});

Deno.test("passing() finds shortages, which pass, among the reasons why a backend does not work", () => {
  const { EMFILE, ENFILE, ENOMEM, ENOBUFS, ENOSYS, EPERM } = platform;
  for (const errno of [EMFILE, ENFILE, ENOMEM, ENOBUFS]) {
    const error = unavailable("It", -errno);
    assertStrictEquals(passing(error), error.cause);
    assertEquals(seen(passing(error) ?? error).errno, errno);
  }
  for (const errno of [ENOSYS, EPERM]) {
    const error = unavailable("It", -errno);
    assertInstanceOf(error, Deno.errors.NotSupported);
    assertStrictEquals(passing(error), undefined);
    assertEquals(seen(causeOf(error)).errno, errno);
  }
  assertEquals(unavailable("It", -ENOSYS).message, "It is not available: ENOSYS");
});

Deno.test("causeOf() is the error itself where it has no cause", () => {
  const error = new Error("why", { cause: "text" });
  assertStrictEquals(causeOf(error), error);
});
