/**
 * Compiles the tools to programs that need neither Deno nor flags: `deno task compile [--out FOLDER]`.
 *
 * `deno compile` downloads a runtime to put in front of each. Where that cannot be had, everything else is
 * checked with Deno's own binary in its place, and this ends with 77.
 *
 * @module
 */

import { parseArgs } from "node:util";
import { entryOf, type ToolName, TOOLS } from "./permissions.ts";

const LACKING = 77;

/** The data that a program carries is at its end. */
const TAIL = 8 << 20;

async function compile(
  name: ToolName,
  output: string,
  env: Record<string, string> = {},
): Promise<{ success: boolean; errors: string }> {
  const options = ["--quiet", "--no-prompt", ...TOOLS[name], "--output", output];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...options, entryOf(name).pathname],
    env: { ...env, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return { success, errors: new TextDecoder().decode(stderr).trim() };
}

/** Read what a compiled program may do from the settings it carries. */
async function embeddedPermissions(program: string): Promise<string[]> {
  using file = await Deno.open(program);
  await file.seek(-TAIL, Deno.SeekMode.End);
  const tail = new TextDecoder("latin1").decode(await new Response(file.readable).arrayBuffer());
  const [, settings = "{}"] = /"permissions":(\{[^}]*\})/.exec(tail) ?? [];
  return Object.entries(JSON.parse(settings) as Record<string, string[] | null | boolean>)
    .filter(([key, value]) => /^allow_(?!import)/.test(key) && Array.isArray(value))
    .map(([key, value]) =>
      `--${key.replace("_", "-")}${value ? `=${value}` : ""}`.replace(/=$/, "")
    );
}

async function checkPermissions(name: ToolName, program: string): Promise<void> {
  const found = (await embeddedPermissions(program)).sort().join(" ");
  const wanted = [...TOOLS[name]].sort().join(" ");
  if (found !== wanted) throw new Error(`"${program}" may do "${found}", not "${wanted}"`);
}

/** What came of a tool. */
interface Made {
  readonly complete: boolean;
  readonly text: string;
}

/** Compile one tool, or check what can be checked. */
async function make(name: ToolName, folder: string): Promise<Made> {
  const program = `${folder}/${name}`;
  const { success, errors } = await compile(name, program);
  if (success) {
    await checkPermissions(name, program);
    const megabytes = ((await Deno.stat(program)).size / 1e6).toFixed(0);
    return { complete: true, text: `${program}: ${megabytes} MB` };
  }
  if (!errors.includes("Setting up base binary")) throw new Error(errors);
  const temporary = await Deno.makeTempDir();
  try {
    const standIn = `${temporary}/${name}`;
    const second = await compile(name, standIn, { DENORT_BIN: Deno.execPath() });
    if (!second.success) throw new Error(second.errors);
    await checkPermissions(name, standIn);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
  const text = `${name}: its modules embed, and it may do ${TOOLS[name].join(" ")} only`;
  return { complete: false, text };
}

const { values } = parseArgs({ options: { out: { type: "string", default: "dist" } } });
await Deno.mkdir(values.out, { recursive: true });
const names = Object.keys(TOOLS) as ToolName[];
const made = await Promise.all(names.map((name) => make(name, values.out)));
for (const { text } of made) console.log(text);
if (!made.every((it) => it.complete)) {
  console.error(
    "Cannot compile: the runtime for compiled programs (denort) cannot be downloaded here",
  );
  Deno.exit(LACKING);
}
