/**
 * The C library, opened at the first call that needs it. The only file that calls `Deno.dlopen`.
 *
 * @module
 */

import { attachErrno } from "./errno.ts";
import { platform } from "./platform/mod.ts";
import { mayFollowPointers } from "./pointers.ts";
import { symbols } from "./symbols.ts";
import { utf8 } from "./text.ts";

/** The functions of {@linkcode symbols}, ready to call. */
export type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];

type Name = keyof typeof symbols;
type Callable = (...args: never[]) => unknown;
type Opened = Deno.DynamicLibrary<Deno.ForeignLibraryInterface>["symbols"];

/** The path under which the library was opened first: later calls need not try the others. */
let path: string | undefined;

/** What returns where the error number is: glibc and musl have the first, macOS the other. */
const ERRNO_LOCATIONS = ["__errno_location", "__error"] as const;

const ADDRESS = { type: "pointer", optional: true } as const;

/**
 * What the library is opened with: where these functions are, which Deno tells of what is declared as a variable.
 * The first trampoline of a program takes as long as all the rest of opening a library.
 */
const addresses = { dlsym: ADDRESS, __errno_location: ADDRESS, __error: ADDRESS };

type Addresses = Deno.DynamicLibrary<typeof addresses>["symbols"];

let functions: Libc | undefined;

/** dlsym(3), where functions may be called by their address. */
let find: NonNullable<Libc["dlsym"]> | undefined;

/**
 * How many calls of a function go by its address: most functions are called once or twice in a short program. V8
 * optimizes a place for one function, and notes which it is after some more calls.
 */
const FEW = 4;

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
  return functions ??= Object.create(opened);
}

/** Open every function for good, so that none needs permission later. */
export function openAll(): void {
  const from = path ??= openLibrary();
  for (const name of Object.keys(symbols).filter(isName)) {
    opened[name] = isForPool(name) ? openForGood(name) : open(from, name)[name];
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

/** The functions that are open, as fields. What is no field yet is looked up in the prototype, which opens it. */
const opened: Partial<Record<Name, unknown>> = Object.create(
  new Proxy({}, {
    get: (_, name) => isName(name) ? opened[name] = openFunction(name) : undefined,
  }),
);

function isName(name: string | symbol): name is Name {
  return Object.hasOwn(symbols, name);
}

/** Open a function: for a few calls by its address, if that is permitted. */
function openFunction(name: Name): unknown {
  const from = path ??= openLibrary();
  const callable = functionAtAddress(name, addressOf(name));
  if (isForPool(name)) return callable ?? openForGood(name);
  if (callable === undefined) return open(from, name)[name];
  return fewTimes(callable, () => opened[name] = open(from, name)[name]);
}

/** Whether the function runs in Deno's thread pool. */
function isForPool(name: Name): boolean {
  return "nonblocking" in symbols[name];
}

function addressOf(name: Name): Deno.PointerValue {
  const symbol: Deno.ForeignFunction & { name?: string } = symbols[name];
  return find?.(null, utf8(`${symbol.name ?? name}\0`)) ?? null;
}

/**
 * Return a function that is called by its address, which keeps no library open and is found in a tenth of the time
 * that a trampoline takes to make. That needs permission at each call, and more than a path of its own.
 */
function functionAtAddress(name: Name, address: Deno.PointerValue): Callable | undefined {
  if (address === null) return undefined;
  const pointer = new Deno.UnsafeFnPointer(
    address as Deno.PointerObject<never>,
    symbols[name] as Deno.ForeignFunction,
  );
  return (...args: never[]): unknown => pointer.call(...args);
}

/** Call `callable` a few times, and have a trampoline take its place, which costs 0.2 ms and saves 1 µs a call. */
function fewTimes(callable: Callable, replace: () => void): Callable {
  let calls = 0;
  return (...args: never[]): unknown => {
    if (++calls === FEW) {
      try {
        replace();
      } catch {
        calls = 0; // a shortage, of descriptors perhaps
      }
    }
    return callable(...args);
  };
}

/** Open a function together with a library that stays open. */
function openForGood(name: Name): unknown {
  return Deno.dlopen(path ??= openLibrary(), { [name]: symbols[name] }).symbols[name];
}

/**
 * Find the library, lay the view over its error number before the first call can fail, and return its path. Where a
 * part of this fails, no function is opened: the next use of the library tries all of it again.
 */
function openLibrary(): string {
  if (!platform.supported) {
    throw new Deno.errors.NotSupported(
      `Cannot use Unix domain sockets on "${platform.name}": use Linux or macOS, on x86-64 or arm64`,
    );
  }
  const [found, at] = openFirst(candidates());
  const isByAddress = mayFollowPointers();
  if (isByAddress) find = functionAtAddress("dlsym", at.dlsym) as typeof find;
  attachErrno(
    errnoLocation(found, at, isByAddress),
    () => open(found, "memcpy").memcpy as Libc["memcpy"],
  );
  return found;
}

function errnoLocation(path: string, at: Addresses, isByAddress: boolean): Deno.PointerValue {
  for (const name of ERRNO_LOCATIONS) {
    // deno-coverage-ignore -- other C libraries than glibc only
    if (at[name] === null) continue;
    const locate = isByAddress ? functionAtAddress(name, at[name]) : open(path, name)[name];
    return (locate as () => Deno.PointerValue)();
  }
  // deno-coverage-ignore -- other C libraries than glibc, musl and that of macOS only
  return null;
}

/**
 * Open a function, and close the library at once: Deno's tests take one that is left open for a leak. The
 * function stays, as the process itself is linked with the C library, and keeps it to its end.
 */
function open(path: string, name: Name): Opened {
  const library = Deno.dlopen(path, { [name]: symbols[name] });
  library.close();
  return library.symbols;
}

/**
 * Return the paths that may be opened without a question; where there is none, the one to ask for. A bare
 * name is never opened: where it has to be asked for, Deno takes it for a file in the working directory.
 */
function* candidates(): Iterable<string> {
  let isAnyGranted = false;
  const paths = isAnyRefused() ? platform.libc.filter(isPlain) : platform.libc;
  for (const path of paths) {
    if (!isGranted(path)) continue;
    isAnyGranted = true;
    yield path;
  }
  if (!isAnyGranted) yield* paths.slice(0, 1);
}

/** Whether some paths are refused (`--deny-ffi=`) while others are granted. */
function isAnyRefused(): boolean {
  return Deno.permissions.querySync({ name: "ffi" }).partial;
}

/** Whether the path says where the library is: what the dynamic loader puts in would go round a refusal of that place. */
function isPlain(path: string): boolean {
  return !path.includes("$");
}

function isGranted(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}

function openFirst(paths: Iterable<string>): [path: string, at: Addresses] {
  const reasons: string[] = [];
  for (const path of withLoaded(paths)) {
    try {
      const library = Deno.dlopen(path, addresses);
      library.close();
      return [path, library.symbols];
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
    // There is no such file on other systems, and Deno requires more than read permission for it.
    // deno-coverage-ignore -- other systems only, or where the C library is at none of the usual places
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
