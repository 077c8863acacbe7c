/**
 * Lists the messages of all errors, with the files that they stand in, so that they can be read one after the
 * other: `deno task messages`.
 *
 * @module
 */

import { taskArguments } from "./util/arguments.ts";
import { publishedFiles, read } from "./util/project.ts";

/** A message as it stands in the source, with `${…}` for what is filled in. */
export interface ErrorMessage {
  readonly file: string;
  readonly text: string;
}

const ERROR =
  /(?:new (?:Deno\.errors\.)?[A-Z]\w*(?:Error|[a-z])|notSupported)\(\s*((?:(?:"[^"]*"|`(?:[^`\\]|\\.)*`)\s*\+?\s*)+)/g;
const PART = /"([^"]*)"|`((?:[^`\\]|\\.)*)`/g;
/** An entry of the tables in `lib/errors.ts`: what an error number means, in general or after one system call. */
const REASON = /^ {2}(?:"(\w+) (E\w+)"|(E\w+)):\s+"([^"]*)",/gm;

/** Return the messages of all published files, and what error numbers are explained with. */
export function errorMessages(): ErrorMessage[] {
  return publishedFiles().flatMap((file) => {
    const source = read(file).replace(/^\s*(?:\*|\/\/).*$/gm, "");
    return [...source.matchAll(ERROR)].map(([, parts = ""]) => ({
      file,
      text: [...parts.matchAll(PART)].map(([, plain, template]) => plain ?? template).join("")
        .replace(/\$\{\s*([^{}]*)\s*\}/g, "${$1}").replace(/\s+/g, " ").replaceAll("\\`", "`"),
    })).filter(({ text }) => text.includes(" "));
  }).concat(reasons());
}

function reasons(): ErrorMessage[] {
  const file = "lib/errors.ts";
  return [...read(file).matchAll(REASON)].map(([, syscall, code, anywhere, why]) => ({
    file,
    text: `Cannot ${syscall ?? "…"}: ${why} (${code ?? anywhere})`,
  }));
}

if (import.meta.main) {
  taskArguments({}, 0);
  for (const { file, text } of errorMessages()) console.log(`${file}: ${text}`);
}
