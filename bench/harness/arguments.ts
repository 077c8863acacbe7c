import { parseArgs } from "node:util";
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
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      peers: { type: "string" },
      reactors: { type: "string" },
      idle: { type: "string" },
      beside: { type: "string" },
      json: { type: "string" },
      svg: { type: "string" },
      list: { type: "boolean", default: false },
    },
  });
  const { quick, json, svg } = values;
  return {
    works: positionals,
    list: values.list,
    settings: {
      rounds: positive("rounds", values.rounds ?? (quick ? "3" : "9")),
      roundTime: quick ? 10e6 : 150e6,
      quick,
      reactors: list(values.reactors),
      idle: list(values.idle),
      beside: values.beside === undefined ? 0 : positive("beside", values.beside),
      only: list(values.peers),
    },
    ...(json === undefined ? {} : { json }),
    ...(svg === undefined ? {} : { svg }),
  };
}

function list(value: string | undefined): string[] {
  return value === undefined ? [] : value.split(",");
}

function positive(option: string, value: string): number {
  const count = Number(value);
  if (Number.isInteger(count) && count > 0) return count;
  throw new RangeError(`Cannot use "${value}" for --${option}: give a whole number of at least 1`);
}
