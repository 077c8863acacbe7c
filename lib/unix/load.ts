/**
 * Opening the C library and the reactor ahead of their first use.
 *
 * @module
 */

import { openAll as openFunctions } from "../../ffi/libc.ts";
import { openAll as openReactor } from "../reactor/mod.ts";

/**
 * Open all functions of the C library that this module uses, and start the reactor of this thread. Without this
 * call each function is opened at its first use, so that a program opens the few that it needs: all of them
 * take some 10 milliseconds, and Node's `process` 20. Calling it again does nothing.
 *
 * After it, this thread opens nothing more and may give up FFI permission, which a Worker cannot get back: then
 * `OwnedFd.map` alone fails with `NotCapable`, as reading foreign memory needs the permission each time. For the
 * same reason the end of a Worker that has given it up may leave descriptors open that the Worker opened since. And
 * `deno test --sanitize-resources` finds no library that a test has loaded and left: call it at the top of the
 * file.
 *
 * @throws {Deno.errors.NotSupported} If the module does not support this system.
 * @throws {Deno.errors.NotCapable} If the program has no FFI permission.
 * @throws {Error} If `DENET_UNIX_REACTOR` names a backend that does not work here.
 *
 * @example Give up the permission
 * ```ts
 * import { unix } from "@denet/unix";
 *
 * unix.load();
 * Deno.permissions.revokeSync({ name: "ffi" });
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * const reading = b.read(new Uint8Array(5));
 * await a.write(new TextEncoder().encode("hello"));
 * console.log(await reading);
 * ```
 */
export function load(): void {
  openFunctions();
  openReactor();
}
