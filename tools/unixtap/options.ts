/**
 * The command line of unixtap.
 *
 * @module
 */

import type { SocketType } from "@denet/unix";
import { integer, mode, parse, printable, UsageError } from "../cli.ts";
import type { Side } from "./events.ts";

export const HELP = `Usage: unixtap [OPTION]… LISTEN TARGET

Listen on the Unix socket LISTEN, pass everything on to the Unix socket TARGET and back, open files and
credentials included, and print what goes through. An address is a path, or an abstract name after "@".

  -t, --type TYPE       stream, seqpacket or dgram; the default is what TARGET turns out to be
      --mode MODE       permission bits of LISTEN; the default is 600
      --replace         replace a socket file that nobody answers on
  -1, --once            end after the first connection
  -k, --keep-going      go on when TARGET cannot be reached: it may come back

What is printed:
  -j, --json            one JSON object per line
  -v, --view VIEW       show data as text, hex, auto (text if it is any) or none; the default is auto
  -b, --bytes N         show at most N bytes of a message; the default is 256
  -T, --time FORMAT     clock, elapsed (since the start) or none; the default is clock
      --color WHEN      auto, always or never; the default is auto, which NO_COLOR turns off
  -o, --output FILE     print to FILE rather than standard output

What is left out (filters must all hold; everything is passed on all the same):
      --from SIDE       only messages from client or server
      --files           only messages that carry open files
      --match REGEXP    only messages with this in their text
      --pid PID         only clients with this process ID
      --uid UID         only clients of this user
      --command REGEXP  only clients whose command line has this in it

  -h, --help            show this help
  -V, --version         show the version

The server sees the process ID of unixtap as its peer's (SO_PEERCRED). The credentials that messages carry
are the client's own if unixtap may claim them, as root may.

Ends with 0 after --once, 1 when something fails, 2 for a wrong command line, 128 + N after signal N.`;

const OPTIONS = {
  type: { type: "string", short: "t" },
  mode: { type: "string", default: "600" },
  replace: { type: "boolean", default: false },
  once: { type: "boolean", short: "1", default: false },
  "keep-going": { type: "boolean", short: "k", default: false },
  json: { type: "boolean", short: "j", default: false },
  view: { type: "string", short: "v", default: "auto" },
  bytes: { type: "string", short: "b", default: "256" },
  time: { type: "string", short: "T", default: "clock" },
  color: { type: "string", default: "auto" },
  output: { type: "string", short: "o" },
  from: { type: "string" },
  files: { type: "boolean", default: false },
  match: { type: "string" },
  pid: { type: "string" },
  uid: { type: "string" },
  command: { type: "string" },
  help: { type: "boolean", short: "h", default: false },
  version: { type: "boolean", short: "V", default: false },
} as const;

const VIEWS = ["auto", "text", "hex", "none"] as const;
const TIMES = ["clock", "elapsed", "none"] as const;
const COLORS = ["auto", "always", "never"] as const;
const TYPES = ["stream", "seqpacket", "dgram"] as const;
const SIDES = ["client", "server"] as const;

/** What to leave out. */
export interface Filter {
  readonly from: Side | undefined;
  readonly files: boolean;
  readonly match: RegExp | undefined;
  readonly pid: number | undefined;
  readonly uid: number | undefined;
  readonly command: RegExp | undefined;
}

/** What the user asked for. */
export interface Options {
  readonly listen: string;
  readonly target: string;
  readonly type: SocketType | undefined;
  readonly mode: number;
  readonly replace: boolean;
  readonly once: boolean;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly view: typeof VIEWS[number];
  readonly bytes: number;
  readonly time: typeof TIMES[number];
  readonly color: typeof COLORS[number];
  readonly output: string | undefined;
  readonly filter: Filter;
}

/**
 * Read the command line.
 *
 * @throws {UsageError} if it makes no sense
 */
export function readOptions(args: string[]): Options | "help" | "version" {
  const { values, positionals } = parse({ args, options: OPTIONS, allowPositionals: true });
  if (values.help) return "help";
  if (values.version) return "version";
  const [listen, target, surplus] = positionals;
  if (!listen || target === undefined) throw new UsageError("Give LISTEN and TARGET");
  if (surplus !== undefined) throw new UsageError(`Cannot use "${printable(surplus)}" as well`);
  if (listen === target) throw new UsageError("LISTEN and TARGET cannot be the same");
  return {
    listen,
    target,
    type: optional(values.type, (it) => oneOf("--type", it, TYPES)),
    mode: mode(values.mode),
    replace: values.replace,
    once: values.once,
    keepGoing: values["keep-going"],
    json: values.json,
    view: oneOf("--view", values.view, VIEWS),
    bytes: integer("--bytes", values.bytes),
    time: oneOf("--time", values.time, TIMES),
    color: oneOf("--color", values.color, COLORS),
    output: values.output,
    filter: {
      from: optional(values.from, (it) => oneOf("--from", it, SIDES)),
      files: values.files,
      match: optional(values.match, (it) => expression("--match", it)),
      pid: optional(values.pid, (it) => integer("--pid", it)),
      uid: optional(values.uid, (it) => integer("--uid", it)),
      command: optional(values.command, (it) => expression("--command", it)),
    },
  };
}

function optional<T>(value: string | undefined, read: (text: string) => T): T | undefined {
  return value === undefined ? undefined : read(value);
}

function oneOf<T extends string>(option: string, text: string, choices: readonly T[]): T {
  const found = choices.find((it) => it === text);
  if (found !== undefined) return found;
  throw new UsageError(
    `Cannot use "${printable(text)}" for ${option}: give one of ${choices.join(", ")}`,
  );
}

function expression(option: string, text: string): RegExp {
  try {
    return new RegExp(text, "u");
  } catch {
    throw new UsageError(
      `Cannot use "${printable(text)}" for ${option}: it is no regular expression`,
    );
  }
}
