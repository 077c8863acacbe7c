/**
 * Starts the command-line tools with the permissions they have when they are compiled.
 *
 * @module
 */

import { assertEquals, assertMatch } from "@std/assert";
import { entryOf, type ToolName, TOOLS } from "../../tools/permissions.ts";
import { type LineProcess, startDeno, startProcess } from "../util/process.ts";
import type { TempDir } from "../util/tempdir.ts";
import { namesIn } from "../util/tempdir.ts";

/** A command in front of another that takes what root may do beyond other users from it. */
export const WITHOUT_PRIVILEGES: readonly string[] = Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-all"]
  : [];

/**
 * A command in front of another that makes it that of an ordinary user. It keeps one privilege of root's tests: to
 * open what belongs to root, as Deno, the sources and the folder for coverage do where they are in root's home.
 */
export const AS_ORDINARY_USER: readonly string[] = Deno.uid() === 0
  ? [
    "setpriv",
    ...["bounding-set", "inh-caps", "ambient-caps"].map((set) => `--${set}=-all,+dac_override`),
    "--reuid=1234",
  ]
  : ["env"];

/** Start a tool, by another command in front of it if need be. */
export function startTool(
  name: ToolName,
  args: readonly string[],
  env: Record<string, string> = {},
  by: readonly string[] = [],
): LineProcess {
  if (by.length === 0) return startDeno(entryOf(name), TOOLS[name], { args, env });
  const [first = "", ...rest] = by;
  const options = ["run", "--quiet", "--no-prompt", ...TOOLS[name], entryOf(name).pathname];
  return startProcess(first, { args: [...rest, Deno.execPath(), ...options, ...args], env });
}

/** Read the rest of a tool's output, and how it ended. */
export async function finish(tool: LineProcess): Promise<{
  code: number;
  output: string;
  errors: string;
}> {
  const output = await tool.readAll();
  const { code } = await tool.status;
  return { code, output, errors: (await tool.stderr).trimEnd() };
}

/** Expect a tool to end with one line of error output, leaving no socket of its own behind. */
export async function assertFails(
  tool: LineProcess,
  code: number,
  message: RegExp,
  dir?: TempDir,
  left: readonly string[] = [],
): Promise<void> {
  const ended = await finish(tool);
  assertMatch(ended.errors, message);
  assertEquals({ lines: ended.errors.split("\n").length, code: ended.code }, {
    lines: 1,
    code,
  }, ended.errors);
  if (dir !== undefined) assertEquals(namesIn(dir.path), [...left].sort());
}

/** A line of `unixtap --json`. */
export interface Line {
  readonly event: string;
  readonly connection?: number;
  readonly from?: "client" | "server";
  readonly size?: number;
  readonly text?: string;
  readonly hex?: string;
  readonly cut?: boolean;
  readonly type?: string;
  readonly error?: string;
  readonly process?: { pid: number; uid: number; command: string };
  readonly sender?: { pid: number };
  readonly files?: {
    kind: string;
    target: string;
    access: string;
    size?: number;
    seals?: string[];
    socket?: { type: string; listening: boolean; local: string; remote: string };
    process?: { pid: number; command: string };
  }[];
  readonly connections?: number;
  readonly client?: { bytes: number };
  readonly server?: { bytes: number };
  readonly count?: number;
  readonly answer?: number;
  readonly protocol?: string;
  readonly decoded?: string[];
}

/** Read a line of `unixtap --json`. */
export async function readEvent(tool: LineProcess): Promise<Line> {
  return JSON.parse(await tool.readLine());
}

/** Read all lines of `unixtap --json` up to its end. */
export async function readEvents(tool: LineProcess): Promise<Line[]> {
  return eventsIn(await tool.readAll());
}

/** Return the lines in the output of `unixtap --json`. */
export function eventsIn(output: string): Line[] {
  return output.split("\n").slice(0, -1).map((it) => JSON.parse(it));
}

/** Wait until a thread of a process waits in open(2) for the other end of a FIFO, or until none does. */
export async function untilOpening(pid: number, wanted = true): Promise<void> {
  const waits = (task: string): boolean => {
    try {
      return Deno.readTextFileSync(`/proc/${pid}/task/${task}/wchan`).match(
        /wait_for_partner|fifo_open/,
      ) !== null;
    } catch {
      return false; // it has ended
    }
  };
  const isOpening = (): boolean =>
    [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) => waits(name));
  while (isOpening() !== wanted) await new Promise((resolve) => setTimeout(resolve, 10));
}
