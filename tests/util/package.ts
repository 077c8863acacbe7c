/**
 * The package to publish, made once for all tests that look at it.
 *
 * @module
 */

import { pack } from "../../.ci/pack.ts";
import { filesIn, read, ROOT } from "./project.ts";

const BUILD = new URL("tests/.build/", ROOT);
const PACKAGE = new URL("package", BUILD).pathname;
const KEY = new URL("package.key", BUILD);

/** What the package is made of, and by what; other files change nothing in it. */
const SOURCES = [".ci", "ffi", "lib", "tools", "tests/links/path"];
const FILES = ["deno.json", "deno.lock", "mod.ts"];
const DOCUMENTS = ["README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md"];

/**
 * Copy the package to `folder`, which is not there yet. It is made anew if anything that it is made of has
 * changed, and stays in `tests/.build/`.
 */
export async function copyPackage(folder: string): Promise<void> {
  Deno.mkdirSync(BUILD, { recursive: true });
  using lock = await Deno.open(new URL("package.lock", BUILD), { create: true, write: true });
  await lock.lock(true); // other test files may be making it
  const key = await keyOfSources();
  if (!isKept(key)) await make(key);
  copy(PACKAGE, folder);
}

async function make(key: string): Promise<void> {
  for (const it of [KEY.pathname, PACKAGE]) removeIfThere(it);
  await pack(PACKAGE);
  Deno.writeTextFileSync(KEY, key); // last, so that what was interrupted is made again
}

function isKept(key: string): boolean {
  try {
    return Deno.readTextFileSync(KEY) === key;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function keyOfSources(): Promise<string> {
  const paths = [...SOURCES.flatMap((it) => filesIn(it)), ...FILES, ...DOCUMENTS];
  const texts = paths.map((it) => `${it}\0${read(it)}`);
  const bytes = new TextEncoder().encode([Deno.version.deno, ...texts].join("\0"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function copy(from: string, to: string): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) copy(`${from}/${name}`, `${to}/${name}`);
    else Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
