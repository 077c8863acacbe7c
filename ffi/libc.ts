/**
 * The C library, opened at the first call that needs it. The only file that calls `Deno.dlopen`.
 *
 * @module
 */

import { attachErrno } from "./errno.ts";
import { platform } from "./platform/mod.ts";
import { symbols } from "./symbols.ts";

/** The functions of {@linkcode symbols}, ready to call. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

let loaded: Libc | undefined;

/**
 * Return the C library, opening it at the first call.
 *
 * @throws {Deno.errors.NotSupported} on a platform this module has no table for
 * @throws {Deno.errors.NotCapable} without FFI permission
 * @throws {Deno.errors.NotFound} if the library is under none of the names tried
 */
export function libc(): Libc {
  return loaded ??= load();
}

/**
 * Put other functions in force, and return those that were: for tests, which run the paths of other
 * systems by leaving out functions that these lack.
 */
export function replaceLibc(functions: Libc): Libc {
  const previous = libc();
  loaded = functions;
  return previous;
}

function load(): Libc {
  if (!platform.supported) {
    throw new Deno.errors.NotSupported(
      `Unix domain sockets need Linux or macOS on x86-64 or arm64: this is "${platform.name}"`,
    );
  }
  const opened = openFirst(permittedFirst(platform.libc));
  attachErrno(opened.__errno_location?.() ?? opened.__error?.() ?? null);
  return opened;
}

/**
 * Put the names that may be opened without asking first. With `--allow-ffi=/lib/…/libc.so.6` the bare
 * soname is refused and just one absolute path is granted; with no grant at all, only the first name is
 * left, so that Deno asks the user (or throws) once.
 */
function permittedFirst(names: readonly string[]): readonly string[] {
  const granted = names.filter((path) =>
    Deno.permissions.querySync({ name: "ffi", path }).state === "granted"
  );
  return granted.length > 0 ? granted : names.slice(0, 1);
}

function openFirst(names: readonly string[]): Libc {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      reasons.push(`"${name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Deno.errors.NotFound(`Cannot open the C library; tried ${reasons.join("; ")}`);
}
