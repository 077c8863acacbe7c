/**
 * Compiles the tools to programs that need neither Deno nor flags: `deno task compile [--out FOLDER]`.
 *
 * `deno compile` downloads a runtime to put in front of each. Where that cannot be had, everything else is
 * checked with Deno's own binary in its place, the reason is said, and this ends with 77.
 *
 * @module
 */

import { taskArguments } from "../tests/util/arguments.ts";
import { entryOf, type ToolName, TOOLS } from "./permissions.ts";

const LACKING = 77;

/** Aborts when this is told to stop: nothing is left behind then. */
const stopped = new AbortController();
let exitCode = 1;

/** The data that a program carries is at its end. */
const TAIL = 8 << 20;

async function compile(
  name: ToolName,
  output: string,
  env: Record<string, string> = {},
): Promise<{ success: boolean; errors: string }> {
  stopped.signal.throwIfAborted(); // Deno takes no notice of a signal that has aborted before
  const options = ["--quiet", "--no-prompt", ...TOOLS[name], "--output", output];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["compile", ...options, entryOf(name).pathname],
    env: { ...env, NO_COLOR: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
    signal: stopped.signal,
  }).output();
  stopped.signal.throwIfAborted();
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
  readonly text: string;
  /** Why there is no program. */
  readonly lacks?: string;
}

/** Compile one tool, and check it; or check all but the runtime, and say why that could not be had. */
async function make(
  name: ToolName,
  temporary: string,
  folder: string,
): Promise<Made> {
  const program = `${temporary}/${name}`;
  const { success, errors } = await compile(name, program);
  if (success) {
    await checkPermissions(name, program);
    await Deno.rename(program, `${folder}/${name}`);
    const megabytes = ((await Deno.stat(`${folder}/${name}`)).size / 1e6).toFixed(0);
    return { text: `${folder}/${name}: ${megabytes} MB` };
  }
  const chosen = Deno.env.get("DENORT_BIN");
  if (chosen !== undefined) throw new Error(`DENORT_BIN is "${chosen}": ${causeOf(errors)}`);
  if (!errors.includes("Setting up base binary")) throw new Error(errors);
  const second = await compile(name, program, { DENORT_BIN: Deno.execPath() });
  if (!second.success) throw new Error(second.errors);
  await checkPermissions(name, program);
  const text = `${name}: its modules embed, and it may do ${TOOLS[name].join(" ")} only`;
  return { text, lacks: whyNoRuntime(errors) };
}

/** Tell from Deno's error which runtime was looked for where, and why it is not there. */
function whyNoRuntime(errors: string): string {
  const [address = "its address"] = /https?:\/\/[^\s)]+/.exec(errors) ?? [];
  return `Cannot compile: the runtime for compiled programs (denort) cannot be had from ${address}: ` +
    `${causeOf(errors)}. Where there is a copy of it, name that in DENORT_BIN`;
}

/** Return the last of the causes that Deno numbers: the first of all. */
function causeOf(errors: string): string {
  const [, last] = [...errors.matchAll(/^\s+(?:\d+: )?(.+)$/gm)].at(-1) ?? [];
  return last ?? errors;
}

async function main(folder: string): Promise<number> {
  const isNew = !await Deno.stat(folder).catch(() => undefined);
  await Deno.mkdir(folder, { recursive: true });
  const temporary = await Deno.makeTempDir({ dir: folder, prefix: ".compile-" });
  try {
    const names = Object.keys(TOOLS) as ToolName[];
    const made = await Promise.all(names.map((name) => make(name, temporary, folder)));
    for (const { text } of made) console.log(text);
    const lacks = made.find((it) => it.lacks !== undefined)?.lacks;
    if (lacks === undefined) return 0;
    console.error(lacks);
    return LACKING;
  } catch (error) {
    console.error(`Cannot compile: ${(error as Error).message}`);
    return stopped.signal.aborted ? exitCode : 1;
  } finally {
    stopped.abort(); // ends what still runs for the other tool
    await Deno.remove(temporary, { recursive: true });
    if (isNew) await Deno.remove(folder).catch(() => {}); // unless there is something in it
  }
}

const { out } = taskArguments({ options: { out: { type: "string", default: "dist" } } }, 0).values;
for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.addSignalListener(signal, () => {
    exitCode = code;
    stopped.abort(new Error(`Stopped by ${signal}`));
  });
}
Deno.exit(await main(out));
