/**
 * Manual pages, made of what the tools say about themselves.
 *
 * @module
 */

import type { OptionGroup, Program } from "./program.ts";

/** Return a tool's manual page, in the macros of man(7). */
export function manPage(program: Program, version: string): string {
  const { name, summary, commands, common, notes, examples } = program;
  const lines = [
    `.\\" Made by "deno task man" of the help of ${name}: change that instead.`,
    `.TH ${name.toUpperCase()} 1 "" "${name} ${version}" "User Commands"`,
    ".SH NAME",
    `${name} \\- ${escaped(summary)}`,
    ".SH SYNOPSIS",
    ...commands.flatMap(({ synopsis }, i) => [
      ...(i === 0 ? [] : [".br"]),
      `.B ${name}`,
      escaped(synopsis),
    ]),
    ".SH DESCRIPTION",
  ];
  for (const { name: command, about, groups } of commands) {
    if (command !== "") lines.push(`.SS ${escaped(`${name} ${command}`)}`);
    lines.push(...paragraphs(about));
    for (const group of groups) lines.push(...groupText(group, ".SS"));
  }
  lines.push(".SH OPTIONS", ...common.flatMap((it) => groupText(it, ".SS")));
  for (const { title, text } of notes) {
    lines.push(
      `.SH ${escaped(title.toUpperCase())}`,
      ...paragraphs(text),
    );
  }
  lines.push(".SH EXAMPLES");
  for (const { command, what } of examples) {
    lines.push(".TP", `.B ${escaped(command)}`, escaped(what));
  }
  return `${lines.join("\n")}\n`;
}

/** The first paragraph of a section needs no macro. */
function paragraphs(text: readonly string[]): string[] {
  return text.flatMap((it, i) => i === 0 ? [escaped(it)] : [".PP", escaped(it)]);
}

function groupText({ title, options }: OptionGroup, macro: string): string[] {
  return [
    `${macro} ${escaped(title)}`,
    ...Object.entries(options).flatMap(([name, { short, value, help }]) => {
      const letter = short === undefined ? "" : `\\fB\\-${short}\\fR, `;
      const argument = value === undefined ? "" : ` \\fI${escaped(value)}\\fR`;
      return [".TP", `${letter}\\fB\\-\\-${escaped(name)}\\fR${argument}`, escaped(help)];
    }),
  ];
}

/** A backslash, a hyphen and a leading period or quote mean something in roff. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("…", "...")
    .replace(/^[.']/, "\\&$&");
}
