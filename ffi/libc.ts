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

type Name = keyof typeof symbols;
type Opened = Deno.DynamicLibrary<Deno.ForeignLibraryInterface>["symbols"];

/** The name under which the library was opened first: later calls need not try the others. */
let path: string | undefined;

let functions = openedOnDemand();

/**
 * Return the C library. Each function is opened when it is first looked up: Deno makes a trampoline for
 * every function of a library it opens, which for all of them takes longer than to start a program.
 *
 * Looking up a function throws:
 *
 * @throws {Deno.errors.NotSupported} on a platform this module has no table for
 * @throws {Deno.errors.NotCapable} without FFI permission
 * @throws {Deno.errors.NotFound} if the library is under none of the names tried
 */
export function libc(): Libc {
  return functions;
}

/**
 * Put other functions in force, and return those that were: for tests, which run the paths of other
 * systems by leaving out functions that these lack.
 */
export function replaceLibc(replacement: Libc): Libc {
  const previous = functions;
  functions = replacement;
  return previous;
}

/** An object whose getters open what they are asked for. On a prototype, getters are as fast as fields. */
function openedOnDemand(): Libc {
  const getters: PropertyDescriptorMap = {};
  for (const name of Object.keys(symbols) as Name[]) {
    let opened: unknown;
    getters[name] = {
      enumerable: true,
      get: () => opened === undefined ? opened = openFunction(name) : opened,
    };
  }
  return Object.create(Object.defineProperties({}, getters));
}

function openFunction(name: Name): unknown {
  if (path === undefined) openLibrary();
  return open(path ?? "", name)[name];
}

/** Find the library, and lay the view over its error number before the first call can fail. */
function openLibrary(): void {
  if (!platform.supported) {
    throw new Deno.errors.NotSupported(
      `Unix domain sockets need Linux or macOS on x86-64 or arm64: this is "${platform.name}"`,
    );
  }
  const { __errno_location, __error, memcpy } = openFirst(permittedFirst(platform.libc));
  const locate = (__errno_location ?? __error) as (() => Deno.PointerValue) | null;
  attachErrno(locate?.() ?? null, memcpy as Libc["memcpy"]);
}

function open(path: string, ...names: Name[]): Opened {
  const wanted: Record<string, Deno.ForeignFunction> = {};
  for (const name of names) wanted[name] = symbols[name];
  return Deno.dlopen(path, wanted).symbols;
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

function openFirst(names: readonly string[]): Opened {
  const reasons: string[] = [];
  for (const name of names) {
    try {
      const opened = open(name, "__errno_location", "__error", "memcpy");
      path = name;
      return opened;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      reasons.push(`"${name}": ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Deno.errors.NotFound(`Cannot open the C library; tried ${reasons.join("; ")}`);
}
