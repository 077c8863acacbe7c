/**
 * The options of unixtap.
 *
 * @module
 */

import type { SocketType } from "../../mod.ts";
import { GENERAL, type OptionGroup } from "../cli/program.ts";
import {
  expression,
  integer,
  mode,
  optional,
  parse,
  type Parsed,
  type Values,
} from "../cli/options.ts";
import { UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { PROTOCOL_NAMES, type ProtocolName } from "./decoders/names.ts";
import type { Side } from "./events.ts";

/** How clients are served. */
export const SERVING = {
  title: "How clients are served",
  options: {
    type: {
      short: "t",
      value: "TYPE",
      choices: ["stream", "seqpacket", "dgram"],
      help: "stream, seqpacket or dgram; the default is what TARGET turns out to be",
    },
    mode: { value: "MODE", help: "permission bits of LISTEN; the default is those of TARGET" },
    owner: { value: "UID", help: "owner of LISTEN; the default is, for root, that of TARGET" },
    group: { value: "GID", help: "group of LISTEN; the default is, for root, that of TARGET" },
    "as-client": {
      help: "as root, connect to TARGET with the user and groups of the client",
    },
    backlog: {
      value: "N",
      help: "how many clients may wait to be accepted; the default is 4096",
    },
    replace: { help: "replace a socket file without a server" },
    once: { short: "1", help: "end after the first connection" },
    "keep-going": {
      short: "k",
      help: "start although TARGET is not there yet, and go on when it is replaced",
    },
  },
} as const satisfies OptionGroup;

/** What is printed, and where. */
export const PRINTING = {
  title: "What is printed",
  options: {
    json: { short: "j", help: "one JSON object per line" },
    as: {
      value: "PROTOCOL",
      choices: ["auto", "raw", ...PROTOCOL_NAMES],
      help: `${PROTOCOL_NAMES.join(", ")}, raw, or auto (by the first bytes), the default`,
    },
    protocol: {
      value: "FILE",
      multiple: true,
      help: "a Wayland protocol in XML, to name its messages; can be repeated",
    },
    view: {
      short: "v",
      value: "VIEW",
      choices: ["auto", "text", "hex", "none"],
      help: "show data as text, hex, auto (decoded, or text if it is any) or none",
    },
    bytes: {
      short: "b",
      value: "N",
      help: "show at most N bytes of a message, or all; the default is 256",
    },
    time: {
      short: "T",
      value: "FORMAT",
      choices: ["clock", "elapsed", "delta", "none"],
      help: "clock, elapsed (since the start), delta (since the line before) or none",
    },
    color: {
      value: "WHEN",
      choices: ["auto", "always", "never"],
      help: "auto, always or never; NO_COLOR and TERM=dumb turn auto off",
    },
    width: {
      value: "N",
      help: "columns of a line, 0 for no limit; the default is the terminal's, else 0",
    },
    output: { short: "o", value: "FILE", help: "print to FILE rather than standard output" },
    write: {
      short: "w",
      value: "FILE",
      help: "write everything to FILE as pcapng, for Wireshark; - is standard output",
    },
    drop: {
      help: "never wait for a slow output: leave messages out of it, and count them",
    },
  },
} as const satisfies OptionGroup;

/** What is left out. */
export const FILTERING = {
  title: "What is left out (all filters must hold; everything is passed on all the same)",
  options: {
    from: {
      value: "SIDE",
      choices: ["client", "server"],
      help: "only messages from client or server",
    },
    files: { help: "only messages that carry open files" },
    match: { value: "REGEXP", help: "only messages with this in their text" },
    pid: { value: "PID", help: "only clients with this process ID" },
    uid: { value: "UID", help: "only clients of this user" },
    command: { value: "REGEXP", help: "only clients whose command line has this in it" },
  },
} as const satisfies OptionGroup;

/** What `run` has besides. */
export const RUNNING = {
  title: "For run",
  options: {
    env: { short: "e", value: "NAME", help: "the variable that tells COMMAND its socket" },
  },
} as const satisfies OptionGroup;

/** What `attach` has besides. */
export const ATTACHING = {
  title: "For attach",
  options: {
    restore: { help: "only put PATH back, after an unixtap was killed" },
  },
} as const satisfies OptionGroup;

const COMMON = {
  ...SERVING.options,
  ...PRINTING.options,
  ...FILTERING.options,
  ...GENERAL.options,
};
const ALL = { ...COMMON, ...RUNNING.options, ...ATTACHING.options };
const FOR_RUN = { ...COMMON, ...RUNNING.options };
const FOR_ATTACH = { ...COMMON, ...ATTACHING.options };

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
  readonly type: SocketType | undefined;
  readonly mode: number | undefined;
  readonly owner: number | undefined;
  readonly group: number | undefined;
  readonly asClient: boolean;
  readonly backlog: number;
  readonly replace: boolean;
  readonly once: boolean;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly as: ProtocolName | "auto" | "raw";
  readonly protocols: readonly string[];
  readonly view: "auto" | "text" | "hex" | "none";
  /** `Infinity` for all. */
  readonly bytes: number;
  readonly time: "clock" | "elapsed" | "delta" | "none";
  readonly color: "auto" | "always" | "never";
  readonly width: number | undefined;
  readonly output: string | undefined;
  readonly write: string | undefined;
  readonly drop: boolean;
  readonly filter: Filter;
  readonly env: string | undefined;
  readonly restore: boolean;
}

/** A command line. */
export interface CommandLine {
  readonly options: Options;
  readonly positionals: readonly string[];
  readonly command: readonly string[] | undefined;
  /** What is to be printed instead, if anything. */
  readonly instead: "help" | "version" | "bash" | "zsh" | "fish" | undefined;
}

/**
 * Read the command line.
 *
 * @param which The command whose options they are; `""` for none.
 * @throws {UsageError} If it makes no sense.
 */
export function readCommandLine(
  args: readonly string[],
  which: "" | "attach" | "run",
): CommandLine {
  const table = which === "run" ? FOR_RUN : which === "attach" ? FOR_ATTACH : COMMON;
  const parsed: { values: object } & Omit<Parsed<typeof ALL>, "values"> = parse(args, table);
  const { positionals, command } = parsed;
  const values = { env: undefined, restore: false, ...parsed.values } as Values<typeof ALL>;
  if (command !== undefined && which !== "run") {
    throw new UsageError(`Cannot use "${printable(command.join(" "))}": only run takes a COMMAND`);
  }
  const instead = values.help ? "help" : values.version ? "version" : values.completions;
  return { options: optionsOf(values), positionals, command, instead };
}

const BACKLOG = 4096;

/** The number above stands for none. */
const MAX_ID = 0xfffffffe;

function optionsOf(values: Values<typeof ALL>): Options {
  const bytes = values.bytes ?? "256";
  if (values.write !== undefined && values.write === values.output) {
    throw new UsageError("Cannot write to the same file for --write and --output");
  }
  return {
    type: values.type,
    mode: optional(values.mode, mode),
    owner: optional(values.owner, (it) => integer("--owner", it, MAX_ID)),
    group: optional(values.group, (it) => integer("--group", it, MAX_ID)),
    asClient: values["as-client"],
    backlog: optional(values.backlog, (it) => integer("--backlog", it, 0x7fffffff)) ?? BACKLOG,
    replace: values.replace,
    once: values.once,
    keepGoing: values["keep-going"],
    json: values.json,
    as: values.as ?? "auto",
    protocols: values.protocol,
    view: values.view ?? "auto",
    bytes: bytes === "all" ? Infinity : integer("--bytes", bytes),
    time: values.time ?? "clock",
    color: values.color ?? "auto",
    width: optional(values.width, (it) => integer("--width", it, 10_000)),
    output: values.output,
    write: values.write,
    drop: values.drop,
    filter: {
      from: values.from,
      files: values.files,
      match: optional(values.match, (it) => expression("--match", it)),
      pid: optional(values.pid, (it) => integer("--pid", it)),
      uid: optional(values.uid, (it) => integer("--uid", it)),
      command: optional(values.command, (it) => expression("--command", it)),
    },
    env: values.env,
    restore: values.restore,
  };
}
