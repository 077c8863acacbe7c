/**
 * What can be handed on, as it is written on the command line: `[NAME=][HOW:]WHAT`.
 *
 * @module
 */

import { integer } from "../cli/options.ts";
import { UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";

/** A name has to fit between colons in LISTEN_FDNAMES. */
const NAME = /^[\w.@+-]{1,64}$/;

/** The ways to open something. */
export const WAYS = [
  "read",
  "write",
  "append",
  "update",
  "listen",
  "unix",
  "seqpacket",
  "dgram",
  "tcp",
  "udp",
  "fd",
] as const;

/** A way to open something. */
export type Way = typeof WAYS[number];

/** A file still to be opened. */
export interface Spec {
  readonly name: string;
  readonly how: Way;
  readonly what: string;
}

/** Ways to listen on a Unix socket. */
const UNIX_WAYS: readonly string[] = ["listen", "unix", "seqpacket", "dgram"];

/**
 * Read a file's description on the command line.
 *
 * @throws {UsageError} If it makes no sense.
 */
export function readSpec(text: string): Spec {
  const [, given, rest = ""] = /^(?:([\w.@+-]+)=)?(.*)$/s.exec(text) ?? [];
  const [, prefix, suffix = ""] = /^([a-z]+):(.*)$/s.exec(rest) ?? [];
  const how = prefix === undefined ? "read" : WAYS.find((it) => it === prefix);
  if (how === undefined) {
    throw new UsageError(
      `Cannot open "${printable(text)}": "${prefix}" is none of ${WAYS.join(", ")}` +
        `; for a file of that name give ./${printable(rest)}`,
    );
  }
  const what = prefix === undefined ? rest : suffix;
  if (what === "") throw new UsageError(`Cannot open "${printable(text)}": it names nothing`);
  if (UNIX_WAYS.includes(how) && /^(?:[^/@]*:)?\d+$/.test(what)) {
    const address = what.includes(":") ? what : `*:${what}`;
    throw new UsageError(
      `Cannot listen on "${
        printable(what)
      }": it looks like an address of TCP; give tcp:${address}, ` +
        `or ${how}:./${what} for a file of that name`,
    );
  }
  if (how === "fd") integer("fd", what, 0x7fffffff);
  const name = given ?? defaultName(how, what);
  if (!NAME.test(name)) {
    throw new UsageError(
      `Cannot use "${printable(name)}" as a name: give up to 64 letters, digits or . _ @ + -`,
    );
  }
  return { name, how, what };
}

function defaultName(how: Way, what: string): string {
  if (how === "fd") return `fd${what}`;
  const base = what.slice(what.lastIndexOf("/") + 1).replace(/[^\w.@+-]/g, "_").slice(0, 64);
  return base || "unknown";
}
