/**
 * Makes the package in a folder in which programs can import it by its name, as they would from JSR.
 *
 * @module
 */

import { pack } from "./pack.ts";

interface Exporting {
  readonly name: string;
  readonly exports: Record<string, string>;
}

/**
 * Make the package and the configuration that programs in `folder` find.
 *
 * @param folder Where the programs are.
 * @param make What makes the package in a folder that is not there yet.
 * @returns The files of the entry points.
 */
export async function install(
  folder: string,
  make: (folder: string) => Promise<void> = pack,
): Promise<Map<string, string>> {
  await make(`${folder}/package`);
  const { name, exports }: Exporting = JSON.parse(
    Deno.readTextFileSync(`${folder}/package/deno.json`),
  );
  const entries = new Map(
    Object.entries(exports).map(([entry, path]) => [entry, `${folder}/package/${path}`]),
  );
  const imports = Object.fromEntries(
    [...entries].map(([entry, path]) => [name + entry.slice(1), path]),
  );
  Deno.writeTextFileSync(`${folder}/deno.json`, JSON.stringify({ imports }));
  return entries;
}
