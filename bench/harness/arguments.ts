import type { Settings } from "./types.ts";

/** What the command line asks for. */
export interface Request {
  /** Names of works; empty for all. */
  works: string[];
  settings: Settings;
  json?: string;
  svg?: string;
  list: boolean;
}

/** How the bench is called. */
export const usage = `Usage: deno task bench [work…] [options]

  --rounds N         measured rounds of each contender (default 9)
  --quick            short rounds and small counts, to see that everything runs
  --peers A,B        only these peers
  --reactors A,B     further rows for the module with each of these backends forced
  --idle A,B         further rows for the module with only these mechanisms before sleeping:
                     none, yield, poll
  --beside N         N processes that compute beside all works
  --json FILE        write all figures to FILE
  --svg FOLDER       draw one chart for each work into FOLDER
  --list             name the works and the peers
`;

/** Reads the command line; throws `TypeError` or `RangeError` for what it does not know. */
export function parse(args: readonly string[]): Request {
  const works: string[] = [];
  const options = new Map<string, string>();
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith("--")) works.push(arg);
    else if (arg === "--quick" || arg === "--list") options.set(arg, "");
    else options.set(known(arg), valueOf(arg, rest.shift()));
  }
  return request(works, options);
}

function known(option: string): string {
  if (
    ["--rounds", "--peers", "--reactors", "--idle", "--beside", "--json", "--svg"].includes(option)
  ) return option;
  throw new TypeError(`Cannot use the option "${option}"`);
}

function valueOf(option: string, value: string | undefined): string {
  if (value !== undefined) return value;
  throw new TypeError(`Cannot use "${option}" without a value`);
}

function request(works: string[], options: ReadonlyMap<string, string>): Request {
  const quick = options.has("--quick");
  const json = options.get("--json");
  const svg = options.get("--svg");
  return {
    works,
    list: options.has("--list"),
    settings: {
      rounds: positive(options.get("--rounds") ?? (quick ? "3" : "9")),
      roundTime: quick ? 10e6 : 150e6,
      quick,
      reactors: list(options.get("--reactors")),
      idle: list(options.get("--idle")),
      beside: options.has("--beside") ? positive(options.get("--beside") ?? "") : 0,
      only: list(options.get("--peers")),
    },
    ...(json === undefined ? {} : { json }),
    ...(svg === undefined ? {} : { svg }),
  };
}

function list(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",");
}

function positive(value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new RangeError(`Cannot run "${value}" rounds: give a whole number of at least 1`);
}
