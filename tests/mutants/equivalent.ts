/**
 * What is not changed, because nothing that a program could notice would change with it.
 *
 * @module
 */

import type { Change } from "./changes.ts";

/** Numbers that only tune: another value is as right, and faster or slower by what no test can measure. */
export const TUNING: Readonly<Record<string, readonly string[]>> = {};

/** Return why a change is not made, or `undefined` if it is. */
export function whyNot({ file, name }: Change): string | undefined {
  if (name !== undefined && TUNING[file]?.includes(name)) return `${name} only tunes`;
  return undefined;
}
