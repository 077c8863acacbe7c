/**
 * What can be handed on: files, sockets and descriptors, as they are written on the command line.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";
import { integer, printable, UsageError } from "../cli.ts";

/** An open file with the name it goes by. */
export interface NamedFile {
  readonly name: string;
  readonly file: OwnedFd;
}

/** A name has to fit between colons in LISTEN_FDNAMES. */
const NAME = /^[\w.@+-]{1,64}$/;

/** A file still to be opened: `[NAME=][HOW:]WHAT`. */
export interface Spec {
  readonly name: string;
  readonly how: string;
  readonly what: string;
}

/** The ways of opening, and whatever has to be kept besides the descriptor. */
const WAYS: Record<string, (what: string, stack: DisposableStack) => OwnedFd> = {
  read: (path) => OwnedFd.open(path),
  write: (path) => OwnedFd.open(path, { write: true, create: true, truncate: true }),
  append: (path) => OwnedFd.open(path, { append: true, create: true }),
  update: (path) => OwnedFd.open(path, { read: true, write: true, create: true }),
  listen: (address, stack) => shared(stack.use(unix.listen(address))),
  seqpacket: (address, stack) => shared(stack.use(unix.listen(address, { type: "seqpacket" }))),
  dgram: (address, stack) => shared(stack.use(unix.bind(address))),
  fd: (number) => inherited(number),
};

/** Own a second descriptor: the first removes the socket file when it is closed. */
function shared({ fd }: { readonly fd: number }): OwnedFd {
  return inherited(String(fd));
}

function inherited(number: string): OwnedFd {
  const original = OwnedFd.adopt(integer("fd:", number, 0x7fffffff));
  const copy = original.dup();
  original.detach();
  return copy;
}

/**
 * Read a file's description on the command line.
 *
 * @throws {UsageError} if it makes no sense
 */
export function readSpec(text: string): Spec {
  const [, given, rest = ""] = /^(?:([\w.@+-]+)=)?(.*)$/s.exec(text) ?? [];
  const [, prefix, suffix = ""] = /^([a-z]+):(.*)$/s.exec(rest) ?? [];
  const isKnown = prefix !== undefined && Object.hasOwn(WAYS, prefix);
  const [how, what] = isKnown ? [prefix, suffix] : ["read", rest];
  const name = given ?? defaultName(how, what);
  if (what === "") throw new UsageError(`Cannot open "${printable(text)}": it names nothing`);
  if (!NAME.test(name)) {
    throw new UsageError(
      `Cannot use "${printable(name)}" as a name: give up to 64 letters, digits or . _ @ + -`,
    );
  }
  return { name, how, what };
}

function defaultName(how: string, what: string): string {
  if (how === "fd") return `fd${what}`;
  const base = what.slice(what.lastIndexOf("/") + 1).replace(/[^\w.@+-]/g, "_").slice(0, 64);
  return base || "unknown";
}

/** Open files. Disposing the stack closes them, and removes the files of sockets. */
export function openAll(specs: readonly Spec[], stack: DisposableStack): NamedFile[] {
  return specs.map(({ name, how, what }) => {
    const open = WAYS[how] ?? WAYS.read;
    if (open === undefined) throw new UsageError(`Cannot open "${printable(what)}"`);
    return { name, file: stack.use(open(what, stack)) };
  });
}
