/**
 * Other programs: becoming one, starting one, and what they are given.
 *
 * @module
 */

import { checked, cString, failure, libc, stringArray } from "./libc.ts";
import { isExecutable, readProc } from "./files.ts";

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
 * @param files The descriptors by the number each is to get, which none of them has.
 */
export function become(path: string, args: readonly string[], files: Map<number, number>): void {
  const { dup2, execv, signal } = libc();
  const argv = stringArray(args);
  if (!unshareDescriptors()) return;
  signal(SIGPIPE, null); // SIG_DFL: Deno ignores it, and an ignored signal stays so
  for (const [target, fd] of files) dup2(fd, target);
  lowerFileLimit();
  execv(cString(path), argv);
}

/** Let a signal do what it does to a program that does not listen to it. */
export function takeDefault(number: number): void {
  libc().signal(number, null); // SIG_DFL
}

const POSIX_SPAWN_SETSIGDEF = 4;

/** More than any system's `posix_spawnattr_t`, `posix_spawn_file_actions_t` and `sigset_t`. */
const OPAQUE_SIZE = 1024;

/**
 * Start a program by posix_spawn(3), and return its process ID.
 *
 * @param files The descriptors by the number each is to get; its others are those without close-on-exec.
 * @param variables What is added to the environment.
 * @throws {Error} If it cannot be started.
 */
export function spawn(
  path: string,
  args: readonly string[],
  files: ReadonlyMap<number, number>,
  variables: Readonly<Record<string, string>>,
): number {
  const c = libc();
  const attributes = new Uint8Array(OPAQUE_SIZE);
  c.posix_spawnattr_init(attributes);
  const defaults = new Uint8Array(OPAQUE_SIZE);
  defaults[(SIGPIPE - 1) >> 3] = 1 << ((SIGPIPE - 1) & 7);
  c.posix_spawnattr_setsigdefault(attributes, defaults);
  c.posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF);
  const actions = new Uint8Array(OPAQUE_SIZE);
  c.posix_spawn_file_actions_init(actions);
  for (const [target, fd] of files) c.posix_spawn_file_actions_adddup2(actions, fd, target);
  const argv = stringArray(args);
  const envp = stringArray(
    Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    // As they are: what is no UTF-8 would not survive being read.
    entries().filter(({ name }) => !(NOT_FOR_CHILDREN.has(name) || Object.hasOwn(variables, name)))
      .map(({ address }) => address),
  );
  const pid = new Int32Array(1);
  using _ = withLoweredFileLimit();
  const result = c.posix_spawn(
    new Uint8Array(pid.buffer),
    cString(path),
    actions,
    attributes,
    argv,
    envp,
  );
  c.posix_spawn_file_actions_destroy(actions);
  if (result !== 0) throw failure(`run "${path}"`, result);
  return pid[0] ?? 0;
}

/** What tells this process of sockets that it was given is not for its children. */
const NOT_FOR_CHILDREN = new Set(["LISTEN_FDS", "LISTEN_PID", "LISTEN_PIDFDID", "LISTEN_FDNAMES"]);

const WNOHANG = 1;

/** Return the exit code of a child as a shell reports it, `undefined` while it runs. */
function exitCode(pid: number): number | undefined {
  const status = new Int32Array(1);
  if (libc().waitpid(pid, new Uint8Array(status.buffer), WNOHANG) !== pid) return undefined;
  const value = status[0] ?? 0;
  return (value & 0x7f) === 0 ? (value >> 8) & 0xff : 128 + (value & 0x7f);
}

/** Wait for a child to end; its exit code as a shell reports it. */
export function ended(pid: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const look = (): void => {
    const code = exitCode(pid);
    if (code === undefined) return;
    Deno.removeSignalListener("SIGCHLD", look);
    resolve(code);
  };
  Deno.addSignalListener("SIGCHLD", look);
  look();
  return promise;
}

/** Ignore a signal, here and in programs that are started from now on. */
export function ignoreSignal(number: number): void {
  const ignore = Deno.UnsafePointer.create(1n); // SIG_IGN
  libc().signal(number, ignore);
}

/** Send a signal to a process, if it is still there. */
export function sendSignal(pid: number, number: number): void {
  libc().kill(pid, number);
}

/** Return the environment as text. */
export function environment(): Record<string, string> {
  return Object.fromEntries(entries().map(({ name, value }) => [name, value]));
}

/** A variable, and where the C library has it. */
interface Entry {
  readonly name: string;
  readonly value: string;
  readonly address: bigint;
}

function entries(): Entry[] {
  const found: Entry[] = [];
  const { environ } = libc();
  const array = environ === null ? null : new Deno.UnsafePointerView(environ).getPointer();
  if (array === null) return found;
  const view = new Deno.UnsafePointerView(array);
  for (let offset = 0;; offset += 8) {
    const entry = view.getPointer(offset);
    if (entry === null) return found;
    const text = new Deno.UnsafePointerView(entry).getCString();
    const end = text.indexOf("=");
    if (end <= 0) continue;
    const address = Deno.UnsafePointer.value(entry);
    found.push({ name: text.slice(0, end), value: text.slice(end + 1), address });
  }
}

/** Find a program as a shell does. */
export function findProgram(name: string, path: string | undefined): string | undefined {
  if (name.includes("/")) return isExecutable(name) ? name : undefined;
  const folders = (path ?? "/usr/local/bin:/usr/bin:/bin").split(":");
  return folders.map((it) => `${it || "."}/${name}`).find(isExecutable);
}

const RLIMIT_NOFILE = 7;

function fileLimits(): { soft: bigint; hard: bigint } {
  const limits = new BigUint64Array(2);
  checked(libc().getrlimit(RLIMIT_NOFILE, new Uint8Array(limits.buffer)), "read the limits");
  return { soft: limits[0] ?? 0n, hard: limits[1] ?? 0n };
}

function setFileLimits(soft: bigint, hard: bigint): void {
  libc().setrlimit(RLIMIT_NOFILE, new Uint8Array(new BigUint64Array([soft, hard]).buffer));
}

/** How many descriptors this process may have. */
export function fileLimit(): number {
  return Number(fileLimits().soft);
}

/**
 * Deno raises its soft limit of descriptors as it starts, and keeps no note of it. The parent, a shell in
 * most cases, still has the one that this process was started with.
 */
function originalFileLimit(): bigint {
  const { soft, hard } = fileLimits();
  const limits = readProc(`/proc/${libc().getppid()}/limits`) ?? "";
  const [, parentSoft, parentHard] = /^Max open files\s+(\d+)\s+(\d+)/m.exec(limits) ?? [];
  if (parentSoft === undefined || parentHard === undefined) return soft;
  const isLower = BigInt(parentSoft) < soft && BigInt(parentHard) >= hard;
  return isLower ? BigInt(parentSoft) : soft;
}

/** Take back what Deno has changed of the limits, before another program takes over. */
function lowerFileLimit(): void {
  setFileLimits(originalFileLimit(), fileLimits().hard);
}

function withLoweredFileLimit(): Disposable {
  const { soft, hard } = fileLimits();
  setFileLimits(originalFileLimit(), hard);
  return { [Symbol.dispose]: () => setFileLimits(soft, hard) };
}
