/**
 * The C library, opened at the first call that needs it. The only file that calls `Deno.dlopen`.
 *
 * @module
 */

import { attachErrno } from "./errno.ts";
import { platform } from "./platform/mod.ts";
import { mayFollowPointers } from "./pointers.ts";
import { symbols } from "./symbols.ts";

/** The functions of {@linkcode symbols}, ready to call. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

type Name = keyof typeof symbols;
type Opened = Deno.DynamicLibrary<Deno.ForeignLibraryInterface>["symbols"];

/** The path under which the library was opened first: later calls need not try the others. */
let path: string | undefined;

const names = Object.keys(symbols) as Name[];

/** What returns where the error number is: glibc and musl have the first, macOS the other. */
const ERRNO_LOCATIONS = ["__errno_location", "__error"] as const;

let functions: Libc | undefined;

/**
 * Return the C library. Each function is opened when it is first looked up: Deno makes a trampoline for
 * every function of a library it opens, which for all of them takes longer than to start a program.
 *
 * Looking up a function throws:
 *
 * @throws {Deno.errors.NotSupported} If this module has no table for the platform.
 * @throws {Deno.errors.NotCapable} If the program may not open the library.
 * @throws {Deno.errors.NotFound} If the library is at none of the paths tried.
 */
export function libc(): Libc {
  return functions ??= openedOnDemand();
}

/** Open every function for good, so that none needs permission later. */
export function openAll(): void {
  const all: Record<string, unknown> = libc();
  for (const name of names) {
    if (isForPool(name)) all[name] = openForGood(name);
    else void all[name];
  }
}

/**
 * Put other functions in force, and return those that were: for tests, which run the paths of other
 * systems by leaving out functions that these lack.
 */
export function replaceLibc(replacement: Libc): Libc {
  const previous = libc();
  functions = replacement;
  return previous;
}

/** An object whose getters open what they are asked for. On a prototype, getters are as fast as fields. */
function openedOnDemand(): Libc {
  const accessors: PropertyDescriptorMap = {};
  for (const name of names) {
    let opened: unknown;
    accessors[name] = {
      enumerable: true,
      get: () => opened === undefined ? opened = openFunction(name) : opened,
      set: (value) => opened = value,
    };
  }
  return Object.create(Object.defineProperties({}, accessors));
}

function openFunction(name: Name): unknown {
  path ??= openLibrary();
  return isForPool(name) ? functionInPool(name) ?? openForGood(name) : open(path, name)[name];
}

/** Whether the function runs in Deno's thread pool. */
function isForPool(name: Name): boolean {
  return "nonblocking" in symbols[name];
}

/**
 * Return a function for the thread pool that keeps no library open, which calls it by its address. That
 * needs permission at each call, and more than a path of its own.
 */
function functionInPool(name: Name): unknown {
  const symbol: Deno.ForeignFunction & { name?: string } = symbols[name];
  const { dlsym } = libc();
  if (dlsym === null || !mayFollowPointers()) return undefined;
  const address = dlsym(null, new TextEncoder().encode(`${symbol.name ?? name}\0`));
  if (address === null) return undefined;
  const callable = new Deno.UnsafeFnPointer(address as Deno.PointerObject<never>, symbol);
  return (...args: never[]): unknown => callable.call(...args);
}

/** Open a function together with a library that stays open. */
function openForGood(name: Name): unknown {
  return Deno.dlopen(path ??= openLibrary(), { [name]: symbols[name] }).symbols[name];
}

/** Find the library, lay the view over its error number before the first call can fail, and return its path. */
function openLibrary(): string {
  if (!platform.supported) {
    throw new Deno.errors.NotSupported(
      `Cannot use Unix domain sockets on "${platform.name}": Linux or macOS on x86-64 or arm64 is needed`,
    );
  }
  const [found, { __errno_location, __error }] = openFirst(candidates());
  const locate = (__errno_location ?? __error) as (() => Deno.PointerValue) | null;
  attachErrno(locate?.() ?? null, () => open(found, "memcpy").memcpy as Libc["memcpy"]);
  return found;
}

/**
 * Open functions, and close the library at once: Deno's tests take one that is left open for a leak. The
 * functions stay, as the process itself is linked with the C library, and keeps it to its end.
 */
function open(path: string, ...names: Name[]): Opened {
  const wanted: Record<string, Deno.ForeignFunction> = {};
  for (const name of names) wanted[name] = symbols[name];
  const library = Deno.dlopen(path, wanted);
  library.close();
  return library.symbols;
}

/**
 * Return the paths that may be opened without a question; where there is none, the one to ask for. A bare
 * name is never opened: where it has to be asked for, Deno takes it for a file in the working directory.
 */
function* candidates(): Iterable<string> {
  let isAnyGranted = false;
  for (const path of platform.libc) {
    if (!isGranted(path)) continue;
    isAnyGranted = true;
    yield path;
  }
  if (!isAnyGranted) yield* platform.libc.slice(0, 1);
}

function isGranted(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}

function openFirst(paths: Iterable<string>): [path: string, functions: Opened] {
  const reasons: string[] = [];
  for (const path of withLoaded(paths)) {
    try {
      return [path, open(path, ...ERRNO_LOCATIONS)];
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw notPermitted(error);
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new Deno.errors.NotFound(`Cannot open the C library: ${reasons.join("; ")}`);
}

/** Add, at last, the path that the C library of this process has, if the program may read that. */
function* withLoaded(paths: Iterable<string>): Iterable<string> {
  yield* paths;
  const path = "/proc/self/maps";
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return;
  try {
    const [, loaded] =
      / (\/.*\/(?:libc\.so\.6|ld-musl-[^/]*))$/m.exec(Deno.readTextFileSync(path)) ?? [];
    if (loaded !== undefined && isGranted(loaded)) yield loaded;
  } catch {
    // There is no such file on other systems, and Deno wants more than read permission for it.
  }
}

/** Return Deno's refusal, in words that say what to grant: what it was asked for is no path to type. */
function notPermitted(cause: Error): Error {
  const [, ...places] = platform.libc;
  const where = places.length === 0 ? platform.libc : places;
  const bare = ["libc.so.6", "libSystem.B.dylib"].find(isGranted);
  const misled = bare === undefined
    ? ""
    : ` ("${bare}" without a folder is a file of that name in the working directory)`;
  return new Deno.errors.NotCapable(
    "Cannot use the C library without FFI permission: run with --allow-ffi, or with --allow-ffi=PATH for the " +
      `one of these paths that exists here: ${where.join(", ")}${misled}`,
    { cause },
  );
}
