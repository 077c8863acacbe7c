/**
 * What a tool says about itself: the help, the manual page and the completions are made of it.
 *
 * @module
 */

import type { OptionTable } from "./options.ts";
import { wrapped } from "./text.ts";

/** Options that belong together. */
export interface OptionGroup {
  readonly title: string;
  readonly options: OptionTable;
}

/** One way to call a tool. */
export interface Command {
  /** Its name; `""` for what a tool does without one. */
  readonly name: string;
  /** What follows the tool's name in the usage, as in "run [OPTION]… TARGET". */
  readonly synopsis: string;
  /** What it does, in paragraphs. */
  readonly about: readonly string[];
  readonly groups: readonly OptionGroup[];
}

/** A tool. */
export interface Program {
  readonly name: string;
  /** What it is, in half a line. */
  readonly summary: string;
  readonly commands: readonly Command[];
  /** Options of all commands. */
  readonly common: readonly OptionGroup[];
  /** Whatever else is to be known, by title. */
  readonly notes: readonly { readonly title: string; readonly text: readonly string[] }[];
  readonly examples: readonly { readonly command: string; readonly what: string }[];
}

/** The options that every tool has. */
export const GENERAL = {
  title: "General",
  options: {
    help: { short: "h", help: "show this help" },
    version: { short: "V", help: "show the version" },
    completions: {
      value: "SHELL",
      choices: ["bash", "zsh", "fish"],
      help: "print completions for a shell: bash, zsh or fish",
    },
  },
} as const satisfies OptionGroup;

const WIDTH = 80;

/** Where the explanations of options begin. */
const COLUMN = 24;

/** Return the help, at most 80 columns wide. */
export function helpText(program: Program): string {
  const { name, commands, common, notes, examples } = program;
  const lines = commands.map(({ synopsis }, i) =>
    `${i === 0 ? "Usage: " : "       "}${`${name} ${synopsis}`.trimEnd()}`
  );
  for (const { about, groups } of commands) {
    for (const paragraph of about) lines.push("", ...wrapped(paragraph, WIDTH));
    for (const group of groups) lines.push("", ...groupText(group));
  }
  for (const group of common) lines.push("", ...groupText(group));
  for (const { title, text } of notes) {
    lines.push("", `${title}:`);
    for (const paragraph of text) {
      lines.push(...wrapped(paragraph, WIDTH - 2).map((it) => `  ${it}`));
    }
  }
  lines.push("", "Examples:");
  for (const { command, what } of examples) {
    lines.push(`  ${command}`, ...wrapped(what, WIDTH - 6).map((it) => `      ${it}`));
  }
  return lines.join("\n");
}

function groupText({ title, options }: OptionGroup): string[] {
  const lines = [`${title}:`];
  for (const [name, { short, value, help }] of Object.entries(options)) {
    const letter = short === undefined ? "    " : `-${short}, `;
    const head = `  ${letter}--${name}${value === undefined ? "" : ` ${value}`}`;
    const text = wrapped(help, WIDTH - COLUMN);
    if (head.length + 2 > COLUMN) lines.push(head);
    else lines.push(`${head.padEnd(COLUMN)}${text.shift()}`);
    lines.push(...text.map((it) => " ".repeat(COLUMN) + it));
  }
  return lines;
}
