/**
 * Prints what the operating system at hand really does, one line per capability.
 *
 *     deno task probe               a table to read
 *     deno task probe --markdown    rows for the table in the README
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { taskArguments } from "../util/arguments.ts";
import { capabilities, type Capability } from "./capabilities.ts";

/** What came of trying a capability. */
export interface Finding {
  readonly name: string;
  readonly works: boolean;
  readonly detail: string;
}

/** Try everything in a folder of its own. */
export async function probe(): Promise<Finding[]> {
  const dir = await Deno.makeTempDir();
  try {
    const findings: Finding[] = [];
    for (const capability of capabilities) findings.push(await attempt(capability, dir));
    return findings;
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

async function attempt({ name, attempt }: Capability, dir: string): Promise<Finding> {
  try {
    return { name, works: true, detail: await attempt(dir) };
  } catch (error) {
    const detail = error instanceof Error ? error.message : String(error);
    return { name, works: false, detail };
  }
}

if (import.meta.main) {
  const { markdown: isMarkdown } =
    taskArguments({ options: { markdown: { type: "boolean", default: false } } }, 0).values;
  const findings = await probe();
  if (!isMarkdown) console.log(`${platform.name}, ${Deno.osRelease()}, Deno ${Deno.version.deno}`);
  const width = Math.max(...findings.map(({ name }) => name.length));
  for (const { name, works, detail } of findings) {
    console.log(
      isMarkdown
        ? `| ${name} | ${works ? "yes" : "no"}: ${detail} |`
        : `${works ? "yes" : "no "}  ${name.padEnd(width)}  ${detail}`,
    );
  }
}
