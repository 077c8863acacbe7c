/**
 * The few C functions that the tools need and the module does not offer. Loaded at the first use.
 *
 * @module
 */

const symbols = {
  // ssize_t readlink(const char *path, char *buf, size_t bufsiz)
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  // int open(const char *path, int flags, ...)
  open: { parameters: ["buffer", "i32"], result: "i32" },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int dup2(int oldfd, int newfd)
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  // int unshare(int flags)
  unshare: { parameters: ["i32"], result: "i32", optional: true },
  // int close_range(unsigned int first, unsigned int last, int flags), glibc 2.34
  close_range: { parameters: ["u32", "u32", "i32"], result: "i32", optional: true },
  // void (*signal(int signum, void (*handler)(int)))(int)
  signal: { parameters: ["i32", "pointer"], result: "pointer" },
  // int execv(const char *path, char *const argv[])
  execv: { parameters: ["buffer", "buffer"], result: "i32" },
  // int access(const char *path, int mode)
  access: { parameters: ["buffer", "i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];
let loaded: Libc | undefined;

/** Where systems keep their C library: glibc, musl, macOS. */
const NAMES = ["libc.so.6", "libc.so", "libSystem.B.dylib"];

function libc(): Libc {
  return loaded ??= load();
}

function load(): Libc {
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, symbols).symbols;
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
  }
  throw new Error(`Cannot find the C library: tried ${NAMES.join(", ")}`);
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** What comes from `/proc` has room here; what is longer is cut. */
const buffer = new Uint8Array(4096);
const ROOM = BigInt(buffer.byteLength);

function decoded(length: number | bigint): string | undefined {
  return length < 0 ? undefined : new TextDecoder().decode(buffer.subarray(0, Number(length)));
}

/** Return what a symbolic link names, `undefined` if there is none. By readlink(2), needing FFI permission only. */
export function readLink(path: string): string | undefined {
  return decoded(libc().readlink(cString(path), buffer, ROOM));
}

const O_CLOEXEC = 0o2000000;

/** Return a file in `/proc`, `undefined` if it cannot be read. Clients wait for it, so in the fewest steps. */
export function readProc(path: string): string | undefined {
  const { open, read, close } = libc();
  const fd = open(cString(path), O_CLOEXEC);
  if (fd < 0) return undefined;
  const length = read(fd, buffer, ROOM);
  close(fd);
  return decoded(length);
}

const F_OK = 0;
const X_OK = 1;

/** Whether a path is there, by access(2). */
export function exists(path: string): boolean {
  return libc().access(cString(path), F_OK) === 0;
}

/** Whether a path may be executed, by access(2). */
export function isExecutable(path: string): boolean {
  return libc().access(cString(path), X_OK) === 0;
}

const CLONE_FILES = 0x400;
const CLOSE_RANGE_UNSHARE = 2;
const NO_FD = 0xffffffff;

/**
 * Give this thread descriptors of its own, copies of the ones that it shared with Deno's other threads:
 * those must not lose theirs. Containers may forbid one call or the other.
 */
function unshareDescriptors(): boolean {
  const { unshare, close_range } = libc();
  return unshare?.(CLONE_FILES) === 0 || close_range?.(NO_FD, NO_FD, CLOSE_RANGE_UNSHARE) === 0;
}

const SIGPIPE = 13;

/**
 * Become another program that has `files` as its descriptors. Returns only if that fails; the process is
 * then good for nothing but ending.
 *
 * @param files by the number each is to get, which none of them has
 */
export function become(path: string, args: string[], files: Map<number, number>): void {
  const { dup2, execv, signal } = libc();
  const strings = args.map(cString);
  const argv = new BigUint64Array(strings.length + 1); // the last stays null
  strings.forEach((it, i) => argv[i] = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(it))));
  const program = cString(path);
  if (!unshareDescriptors()) return;
  signal(SIGPIPE, null); // SIG_DFL: Deno ignores it, and an ignored signal stays so
  for (const [target, fd] of files) dup2(fd, target);
  execv(program, new Uint8Array(argv.buffer));
}
