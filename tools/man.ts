/**
 * Makes the manual pages of the tools of their help: `deno task man [FOLDER]`.
 *
 * @module
 */

import config from "../deno.json" with { type: "json" };
import { taskArguments } from "../tests/util/arguments.ts";
import { manPage } from "./cli/man.ts";
import { ABOUT as fdpass } from "./fdpass/about.ts";
import { ABOUT as unixtap } from "./unixtap/about.ts";

const FOLDER = new URL("../docs/man/", import.meta.url);

/** Return the manual pages by their file names. */
export function manPages(): Map<string, string> {
  return new Map(
    [unixtap, fdpass].map((it) => [`${it.name}.1`, manPage(it, config.version)]),
  );
}

if (import.meta.main) {
  const folder = taskArguments({}, 1).positionals[0] ?? FOLDER.pathname;
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, text] of manPages()) await Deno.writeTextFile(`${folder}/${name}`, text);
}
