/**
 * `FileLike`: values that are accepted where a descriptor is expected.
 *
 * @module
 */

import { closeFd, fcntl } from "../../ffi/syscalls/files.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { check, shown, systemError, type SystemErrorInfo } from "../errors.ts";

/**
 * Anything that stands for an open descriptor: its number (0, 1 and 2 are standard input, output and
 * error), or an object that has it as `fd`: an `OwnedFd`, a `Socket`, a `Listener`, a `FileHandle` of
 * `node:fs/promises`.
 *
 * @example
 * ```ts
 * import { type FileLike, OwnedFd, unix } from "@denet/unix";
 *
 * using log = OwnedFd.open("/dev/null");
 * const files: FileLike[] = [2, log]; // standard error, and what `log` owns
 * const [a, b] = unix.socketpair();
 * using _a = a;
 * using _b = b;
 * await a.send({ data: new Uint8Array(1), files });
 * using message = await b.receive({ files: 2 });
 * console.log(message?.files.length);
 * ```
 */
export type FileLike = number | { readonly fd: number };

/** The most descriptors one message carries (`SCM_MAX_FD`, unix(7)). */
export const MAX_FILES = 253;

/**
 * Return the number behind `file`. An object's `fd` is read exactly once.
 *
 * @throws {TypeError} If it is no descriptor number.
 * @throws {Deno.errors.BadResource} If the object is closed.
 */
export function fileNumber(file: FileLike): number {
  const fd = typeof file === "object" && file !== null ? file.fd : file;
  if (!isNumber(fd)) throw noDescriptor(file, fd);
  return fd;
}

function isNumber(fd: unknown): fd is number {
  return typeof fd === "number" && Number.isInteger(fd) && fd >= 0 && fd <= 0x7fffffff;
}

/** What to use in place of objects that do not tell their descriptor, by the end of their class's name. */
const IN_PLACE: readonly (readonly [className: RegExp, remedy: string])[] = [
  [/File$/, "open the file with `OwnedFd.open`"],
  [
    /(?:Listener|Server)$/,
    "listen with `unix.listen`",
  ],
  [/(?:Conn|Socket)$/, "connect with `unix.connect`"],
  [/^Std(?:in|out|err)$/, "give 0, 1 or 2 for standard input, output and error"],
];

/** Return the error for a value that is no descriptor, with a remedy for objects that wrap one. */
function noDescriptor(file: unknown, fd: unknown): TypeError {
  const isObject = typeof file === "object" && file !== null;
  if (isObject && fd === undefined) return new TypeError(withoutNumber(file));
  if (isObject && fd === -1) {
    return new TypeError(`Cannot use ${shown(file)} as a descriptor: it is closed; open it again`);
  }
  const what = isObject ? `${shown(fd)} as the \`fd\` of ` : "";
  return new TypeError(
    `Cannot use ${what}${shown(file)} as a descriptor: ` +
      "give the number of an open one, or an object with it as `fd`",
  );
}

function withoutNumber(file: object): string {
  const name = file.constructor?.name ?? "";
  const remedy = IN_PLACE.find(([className]) => className.test(name))?.[1] ??
    "give a number, or an object with it as `fd`";
  return `Cannot use ${
    shown(file)
  } as a descriptor: it does not tell its number (\`fd\`); ${remedy}`;
}

/**
 * Check that `count` descriptors fit one message.
 *
 * @throws {RangeError} If there are more than 253.
 */
export function requireFit(count: number): void {
  if (count <= MAX_FILES) return;
  throw new RangeError(
    `Cannot pass ${count} descriptors in one message: at most ${MAX_FILES} fit; send several messages`,
  );
}

/**
 * Return the numbers behind `files`, all checked before any is used.
 *
 * @throws {RangeError} If there are more than 253.
 * @throws {TypeError} If it is no array, or one is no descriptor number.
 */
export function fileNumbers(files: readonly FileLike[]): number[] {
  if (!Array.isArray(files)) {
    throw new TypeError("Cannot pass the files: they are in no array; give an array");
  }
  // Read once: a getter of a file may change the array.
  const { length } = files;
  requireFit(length);
  // An array that grows by `push` takes capacity for 17.
  if (length === 1) return [fileNumber(files[0] as FileLike)];
  const numbers: number[] = [];
  for (let i = 0; i < length; i++) numbers.push(fileNumber(files[i] as FileLike));
  return numbers;
}

/**
 * Return a new close-on-exec descriptor for the same open file.
 *
 * @throws {Deno.errors.BadResource} If `fd` is not open.
 */
export function duplicate(fd: number): number {
  return check(fcntl(fd, platform.F_DUPFD_CLOEXEC, 0), "dup");
}

/**
 * Try to open another descriptor. If that fails, return the error as one of `syscall`, otherwise `undefined`.
 *
 * @param fd An open descriptor, to try it with.
 */
export function shortageOfDescriptors(
  fd: number,
  syscall: string,
): (Error & SystemErrorInfo) | undefined {
  const copy = fcntl(fd, platform.F_DUPFD_CLOEXEC, 0);
  if (copy >= 0) closeFd(copy);
  const isShort = copy === -platform.EMFILE || copy === -platform.ENFILE;
  return isShort ? systemError(-copy, syscall) : undefined;
}

/**
 * Check that `fd` is the number of an open descriptor.
 *
 * @throws {TypeError} If it is not.
 */
export function requireOpen(fd: number): void {
  if (typeof fd === "object" && fd !== null) {
    throw new TypeError(
      `Cannot adopt ${shown(fd)}: give the number that its \`detach()\` returns`,
    );
  }
  fileNumber(fd);
  if (fcntl(fd, platform.F_GETFD, 0) >= 0) return;
  throw Object.assign(
    new TypeError(`Cannot adopt ${fd}: it is not an open descriptor; give the number of one`),
    {
      code: "EBADF",
    },
  );
}
