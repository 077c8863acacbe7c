/** Programs that `deno run --watch` runs again and again. */

import type { LineProcess } from "../util/process.ts";
import type { TempDir } from "../util/tempdir.ts";

/** What the programs import. */
export const MODULE = new URL("../../mod.ts", import.meta.url).href;

/** The configuration that they run with. */
export const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Write a program that has DIR as a string. */
export function program(dir: TempDir, text: string): URL {
  const source = `const DIR = ${JSON.stringify(dir.path)};\n${text}`;
  Deno.writeTextFileSync(dir.join("main.ts"), source);
  return new URL(`file://${dir.join("main.ts")}`);
}

/** Read what each run says until there are `count`, touching the source in between. */
export async function reload(child: LineProcess, source: string, count: number): Promise<string[]> {
  const lines = [await child.readLine()];
  while (lines.length < count) lines.push(await nextRun(child, source));
  return lines;
}

/**
 * Touch the source until the next run says something. Deno takes no notice of a change before it has begun to look
 * for some, of which it says nothing; the pauses grow, so that a slow run is not ended time and again.
 */
async function nextRun(child: LineProcess, source: string): Promise<string> {
  const line = child.readLine();
  for (let pause = 500;; pause *= 2) {
    Deno.writeTextFileSync(source, "//\n", { append: true });
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pause);
    const said = await Promise.race([line, late]);
    clearTimeout(timer);
    if (said !== undefined) return said;
  }
}
