/**
 * The options of the public functions, as `tests/api.txt` lists them: a new one is tested without being named here.
 *
 * @module
 */

import { read } from "../util/project.ts";

const API = read("tests/api.txt").split("\n").map((line) => line.replace(/^\S+ /, ""));

/** The properties of an interface of `tests/api.txt`, with those that it inherits. */
export function propertiesOf(name: string): Map<string, string> {
  const found = new Map<string, string>();
  const declared = API.find((line) => new RegExp(`^interface ${name}\\b`).test(line)) ?? "";
  const parents = declared.replace(/^.* extends |^interface .*$/, "");
  for (const parent of parents.replace(/".*"/, "").match(/\w+/g) ?? []) {
    for (const [key, type] of propertiesOf(parent)) {
      // As in `Omit<ConnectOptions, "signal">`.
      if (!parents.includes(`"${key}"`)) found.set(key, type);
    }
  }
  for (const line of API) {
    const [, owner, key, type] = /^(\w+)\.(?:readonly )?(\w+)\??: (.*)$/.exec(line) ?? [];
    if (owner === name && key !== undefined && type !== undefined) found.set(key, type);
  }
  return found;
}

/** The functions of `tests/api.txt` that take an object of options: the name of each and of its options. */
export function functionsWithOptions(): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of API) {
    const [, name, options] =
      /^([\w.]+|\w+\.static \w+)\((?:.*, )?\w+\?: (\w+(?:Options|Init))\)/.exec(line) ?? [];
    if (name !== undefined && options !== undefined) {
      found.set(name.replace("static ", ""), options);
    }
  }
  return found;
}

/** Whether a function returns a promise. */
export function isAsynchronous(name: string): boolean {
  const declared = API.filter((it) =>
    it.replace(/^\w+\./, "").startsWith(`${name.split(".").at(-1)}(`)
  );
  return declared.length > 0 && declared.every((it) => it.includes("): Promise<"));
}
