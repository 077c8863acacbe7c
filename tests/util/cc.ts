import { uncounted } from "./deadline.ts";
import { needPeer } from "./peers.ts";

const PEERS = new URL("../peers/", import.meta.url);
const BUILD = new URL("../.build/", import.meta.url);

/** Compiling a C file of `tests/peers/`. */
export interface CompileOptions {
  /** Make a shared library, for preloading, rather than a program. */
  shared?: boolean;
  /** More flags for the compiler, such as `-pthread`. */
  flags?: readonly string[];
}

/**
 * Compile `tests/peers/<name>.c` and return the path of the result. It stays in `tests/.build/`, under a
 * name made of the sources, the flags and the compiler, and is compiled once as long as these stay.
 */
export function compileC(name: string, options: CompileOptions = {}): Promise<string> {
  return uncounted(() => compile(name, options));
}

async function compile(name: string, options: CompileOptions): Promise<string> {
  const cc = needPeer("cc");
  const flags = ["-std=gnu11", "-O2", "-Wall", "-Wextra", ...options.flags ?? []];
  if (options.shared) flags.push("-shared", "-fPIC");
  const key = [cc.command, cc.version, Deno.build.target, ...flags, await sources(name)];
  const target = new URL(`${name}-${await digest(key.join("\0"))}`, BUILD).pathname;
  if (await exists(target)) return target;

  await Deno.mkdir(BUILD, { recursive: true });
  const partial = `${target}.${crypto.randomUUID()}`;
  const { success, stderr } = await new Deno.Command(cc.command, {
    args: ["-o", partial, new URL(`${name}.c`, PEERS).pathname, ...flags, "-ldl"],
    stdin: "null",
  }).output();
  if (!success) {
    throw new Error(`Cannot compile "${name}.c":\n${new TextDecoder().decode(stderr)}`);
  }
  await Deno.rename(partial, target);
  return target;
}

/** The text of the file and of every header beside it. */
async function sources(name: string): Promise<string> {
  const names = [`${name}.c`];
  for await (const entry of Deno.readDir(PEERS)) {
    if (entry.name.endsWith(".h")) names.push(entry.name);
  }
  const texts = await Promise.all(names.sort().map((it) => Deno.readTextFile(new URL(it, PEERS))));
  return texts.join("\0");
}

async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex().slice(0, 16);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
