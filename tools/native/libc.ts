/**
 * The few C functions that the tools need and the module does not offer. Opened at the first use.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";

const symbols = {
  // int *__errno_location(void)
  __errno_location: { parameters: [], result: "pointer" },
  // char **environ
  environ: { type: "pointer" },

  // ssize_t readlink(const char *path, char *buf, size_t bufsiz)
  readlink: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  // int open(const char *path, int flags, mode_t mode)
  open: { parameters: ["buffer", "i32", "u32"], result: "i32" },
  openElsewhere: {
    name: "open",
    parameters: ["buffer", "i32", "u32"],
    result: "i32",
    nonblocking: true,
  },
  // ssize_t read(int fd, void *buf, size_t count)
  read: { parameters: ["i32", "buffer", "usize"], result: "isize" },
  // int close(int fd)
  close: { parameters: ["i32"], result: "i32" },
  // int access(const char *path, int mode)
  access: { parameters: ["buffer", "i32"], result: "i32" },
  // int lchown(const char *path, uid_t owner, gid_t group)
  lchown: { parameters: ["buffer", "u32", "u32"], result: "i32" },
  // int chmod(const char *path, mode_t mode)
  chmod: { parameters: ["buffer", "u32"], result: "i32" },
  // int unlink(const char *path)
  unlink: { parameters: ["buffer"], result: "i32" },
  // int rmdir(const char *path)
  rmdir: { parameters: ["buffer"], result: "i32" },
  // char *mkdtemp(char *template)
  mkdtemp: { parameters: ["buffer"], result: "pointer" },
  // int renameat2(int olddirfd, const char *oldpath, int newdirfd, const char *newpath, unsigned int flags)
  renameat2: { parameters: ["i32", "buffer", "i32", "buffer", "u32"], result: "i32" },

  // int getsockopt(int fd, int level, int name, void *value, socklen_t *length)
  getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
  // int getsockname(int fd, struct sockaddr *name, socklen_t *length)
  getsockname: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int getpeername(int fd, struct sockaddr *name, socklen_t *length)
  getpeername: { parameters: ["i32", "buffer", "buffer"], result: "i32" },
  // int socket(int domain, int type, int protocol)
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int setsockopt(int fd, int level, int name, const void *value, socklen_t length)
  setsockopt: { parameters: ["i32", "i32", "i32", "buffer", "u32"], result: "i32" },
  // int bind(int fd, const struct sockaddr *name, socklen_t length)
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  // int accept4(int fd, struct sockaddr *name, socklen_t *length, int flags)
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  // int listen(int fd, int backlog)
  listen: { parameters: ["i32", "i32"], result: "i32" },

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
  // int posix_spawn(pid_t *pid, const char *path, actions *, attributes *, char *const argv[], char *const envp[])
  posix_spawn: {
    parameters: ["buffer", "buffer", "buffer", "buffer", "buffer", "buffer"],
    result: "i32",
  },
  // int posix_spawn_file_actions_init(actions *)
  posix_spawn_file_actions_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawn_file_actions_adddup2(actions *, int fd, int newfd)
  posix_spawn_file_actions_adddup2: { parameters: ["buffer", "i32", "i32"], result: "i32" },
  // int posix_spawn_file_actions_destroy(actions *)
  posix_spawn_file_actions_destroy: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_init(attributes *)
  posix_spawnattr_init: { parameters: ["buffer"], result: "i32" },
  // int posix_spawnattr_setflags(attributes *, short flags)
  posix_spawnattr_setflags: { parameters: ["buffer", "i16"], result: "i32" },
  // int posix_spawnattr_setsigdefault(attributes *, const sigset_t *)
  posix_spawnattr_setsigdefault: { parameters: ["buffer", "buffer"], result: "i32" },
  // pid_t waitpid(pid_t pid, int *status, int options)
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  // int kill(pid_t pid, int signal)
  kill: { parameters: ["i32", "i32"], result: "i32" },
  // pid_t getppid(void)
  getppid: { parameters: [], result: "i32" },
  // int getrlimit(int resource, struct rlimit *)
  getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // int setrlimit(int resource, const struct rlimit *)
  setrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  // uid_t geteuid(void)   gid_t getegid(void)
  geteuid: { parameters: [], result: "u32" },
  getegid: { parameters: [], result: "u32" },
  // int getgroups(int size, gid_t list[])
  getgroups: { parameters: ["i32", "buffer"], result: "i32" },
  // long syscall(long number, ...): calls that change this thread only, where the C library changes all
  setThreadIds: { name: "syscall", parameters: ["isize", "i32", "i32", "i32"], result: "isize" },
  setThreadGroups: { name: "syscall", parameters: ["isize", "usize", "buffer"], result: "isize" },
} as const satisfies Deno.ForeignLibraryInterface;

type Libc = Deno.DynamicLibrary<typeof symbols>["symbols"];
let loaded: { readonly functions: Libc; readonly errno: Int32Array } | undefined;

/**
 * Return the C library.
 *
 * @throws {Deno.errors.NotCapable} If there is no FFI permission.
 * @throws {Error} If there is none that is known.
 */
export function libc(): Libc {
  return (loaded ??= load()).functions;
}

function load(): NonNullable<typeof loaded> {
  for (const path of platform.libc) {
    try {
      const functions = Deno.dlopen(path, symbols).symbols;
      const location = functions.__errno_location();
      if (location === null) break;
      const memory = Deno.UnsafePointerView.getArrayBuffer(location, 4);
      return { functions, errno: new Int32Array(memory) };
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
    }
  }
  throw new Error(`Cannot find the C library of Linux: tried ${platform.libc.join(", ")}`);
}

/** Return a string as C has it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/**
 * Return strings as `execv` takes them: pointers, and behind them in the same memory the strings themselves.
 *
 * @param others Addresses of further strings, which stay where they are.
 */
export function stringArray(
  texts: readonly string[],
  others: readonly bigint[] = [],
): Uint8Array<ArrayBuffer> {
  const strings = texts.map(cString);
  const count = strings.length + others.length;
  const start = (count + 1) * BigUint64Array.BYTES_PER_ELEMENT; // the last pointer stays null
  const block = new Uint8Array(strings.reduce((sum, it) => sum + it.byteLength, start));
  const pointers = new BigUint64Array(block.buffer, 0, count);
  pointers.set(others, strings.length);
  const base = Deno.UnsafePointer.value(Deno.UnsafePointer.of(block));
  let offset = start;
  for (const [i, string] of strings.entries()) {
    block.set(string, offset);
    pointers[i] = base + BigInt(offset);
    offset += string.byteLength;
  }
  return block;
}

const REASONS: Record<number, string> = {
  1: "this user may not",
  2: "no such file or directory",
  3: "no such process",
  8: "it is no program that the system can start",
  11: "the system lacks resources",
  12: "out of memory",
  13: "permission denied",
  17: "it exists",
  18: "it is on another file system",
  20: "a part of the path is no directory",
  22: "the system does not support it",
  24: "too many open files",
  28: "no space left on the device",
  30: "the file system is read-only",
  38: "the system does not support it",
  40: "too many symbolic links",
  98: "the address is taken",
  99: "there is no such address here",
};

/** Make an error of an error number. */
export function failure(action: string, errno: number): Error {
  return new Error(`Cannot ${action}: ${REASONS[errno] ?? `error number ${errno}`}`);
}

/**
 * Check the result of a C function, right after the call.
 *
 * @throws {Error} If it is negative.
 */
export function checked(result: number | bigint, action: string): number {
  if (result >= 0) return Number(result);
  throw failure(action, loaded?.errno[0] ?? 0);
}
