/**
 * The options of fdpass.
 *
 * @module
 */

import { GENERAL, type OptionGroup } from "../cli/program.ts";
import { integer, mode, optional } from "../cli/options.ts";
import type { SocketPlan } from "./files.ts";

/** Options of `serve`. */
export const SERVE = {
  title: "For serve",
  options: {
    socket: { short: "s", value: "ADDRESS", help: "where to serve" },
    mode: { value: "MODE", help: "permission bits of the socket; the default is 600" },
    uid: {
      value: "UID",
      multiple: true,
      help: "give to this user only; can be repeated; the default is the own one and root",
    },
    once: { short: "1", help: "end once they have been given" },
    quiet: { short: "q", help: "do not print which process got them" },
    "file-mode": { value: "MODE", help: "permission bits of the FILEs that are sockets" },
  },
} as const satisfies OptionGroup;

/** Options of `run`. */
export const RUN = {
  title: "For run",
  options: {
    from: {
      short: "f",
      value: "ADDRESS",
      help: "where files are served; has its default only if no FILE is named here",
    },
    inetd: {
      short: "i",
      help:
        "start COMMAND for each connection to the one listening FILE, as its standard input and output",
    },
    stdin: { value: "NAME", help: "make this file the standard input instead" },
    stdout: { value: "NAME", help: "make this file the standard output instead" },
    mode: { value: "MODE", help: "permission bits of the FILEs that are sockets" },
  },
} as const satisfies OptionGroup;

/** Options of both, for the sockets that they open. */
export const OPENING = {
  title: "For serve and run",
  options: {
    backlog: {
      value: "N",
      help: "how many connections may wait on a listening FILE; the default is 4096",
    },
    replace: { help: "replace socket files without a server" },
  },
} as const satisfies OptionGroup;

/** Options of `list`. */
export const LIST = {
  title: "For list",
  options: { from: { short: "f", value: "ADDRESS", help: "the same as ADDRESS" } },
} as const satisfies OptionGroup;

/** What can be parsed for each command. */
export const TABLES = {
  serve: { ...SERVE.options, ...OPENING.options, ...GENERAL.options },
  run: { ...RUN.options, ...OPENING.options, ...GENERAL.options },
  list: { ...LIST.options, ...GENERAL.options },
} as const;

/** As many connections may wait, unless the user says otherwise: the system has a limit (`somaxconn`). */
const BACKLOG = 4096;

/**
 * Return how sockets are opened.
 *
 * @param isShared Whether other processes may have them by the end.
 * @throws {UsageError} If an option makes no sense.
 */
export function socketPlan(
  values: { backlog: string | undefined; replace: boolean },
  permissions: string | undefined,
  isShared: boolean,
): SocketPlan {
  const backlog = optional(values.backlog, (it) => integer("--backlog", it, 0x7fffffff)) ?? BACKLOG;
  return { backlog, replace: values.replace, mode: optional(permissions, mode), isShared };
}
