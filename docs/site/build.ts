/**
 * Builds the guide and the API reference into one static site: `deno task docs [FOLDER]`. The default is
 * `dist/site`.
 *
 * The texts keep their places in the repository, so that the links between them hold in both. VitePress
 * makes pages of them, Deno the reference. Links to files that are no texts lead to nothing on a site: their
 * words stay, the link goes.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { taskArguments } from "../../tests/util/arguments.ts";
import { filesIn, ROOT } from "../../tests/util/project.ts";
import { run as execute } from "../../tests/util/stop.ts";
import { removeIfStopped, taskTempDir } from "../../tests/util/tempdir.ts";

const VITEPRESS = "1.6.4";
const VUE = "3.5.45";

/** Pages for people who work on the module itself. */
const LEFT_OUT = /^(?:tests\/links\/|ffi\/abi\/)/;

function path(name: string): string {
  return new URL(name, ROOT).pathname;
}

async function run(cwd: string, ...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await execute(Deno.execPath(), { args, cwd });
  if (success) return;
  const decoder = new TextDecoder();
  throw new Error(
    `deno ${args.join(" ")} failed:\n${decoder.decode(stdout)}${decoder.decode(stderr)}`,
  );
}

/** Copy a text, with what it shows. */
function copy(name: string, target: string): void {
  const to = join(target, name.replace(/README\.md$/, "index.md"));
  Deno.mkdirSync(dirname(to), { recursive: true });
  if (name.endsWith(".md")) {
    Deno.writeTextFileSync(to, withoutSourceLinks(Deno.readTextFileSync(path(name))));
  } else {
    Deno.copyFileSync(path(name), to);
  }
}

/** Keep links to pages, to pictures and to other sites; of the others, the words. */
function withoutSourceLinks(text: string): string {
  return text.replaceAll(
    /(?<!!)\[([^\]]+)\]\((?!https?:|#)([^)#]+)(#[^)]*)?\)/g,
    (link, words, target, place = "") => {
      if (!/\.(?:md|svg|png)$/.test(target)) return words;
      // On the site, the README of a folder is its index.
      return target.endsWith("README.md")
        ? `[${words}](${target.replace(/README\.md$/, "index.md")}${place})`
        : link;
    },
  );
}

async function build(output: string): Promise<void> {
  using _ = removeIfStopped(output);
  using temporary = taskTempDir();
  const site = temporary.path;
  const texts = filesIn("", /\.(?:md|svg|png)$/).filter((it) => !LEFT_OUT.test(it));
  for (const name of texts) copy(name, site);
  Deno.mkdirSync(join(site, ".vitepress"));
  for (const name of ["config.ts", "pages.ts"]) {
    Deno.copyFileSync(path(`docs/site/${name}`), join(site, ".vitepress", name));
  }
  Deno.writeTextFileSync(join(site, "deno.json"), '{ "nodeModulesDir": "auto" }');
  const dependencies = { vitepress: VITEPRESS, vue: VUE };
  Deno.writeTextFileSync(
    join(site, "package.json"),
    JSON.stringify({ type: "module", dependencies }),
  );
  await run(site, "install", "--quiet");
  await run(
    site,
    "run",
    "--quiet",
    "--allow-all",
    `npm:vitepress@${VITEPRESS}`,
    "build",
    ".",
    "--outDir",
    output,
  );
  await run(
    path(""),
    "doc",
    "--html",
    "--name=@denet/unix",
    `--output=${output}/api`,
    ...entries(),
  );
  Deno.writeTextFileSync(join(output, "api", "styles.css"), NARROW, { append: true });
}

/** Deno's pages are wider than a small screen: long names and signatures break there, tables scroll. */
const NARROW = `
@media (max-width: 640px) {
  .ddoc { overflow-wrap: anywhere; }
  .ddoc * { min-width: 0; max-width: 100%; }
  .ddoc pre { overflow-x: auto; }
  .ddoc table { display: block; overflow-x: auto; }
  #topnav, #topnav * { flex-wrap: wrap; height: auto; }
}
`;

/** The entry points that programs import. */
function entries(): string[] {
  const { exports } = JSON.parse(Deno.readTextFileSync(path("deno.json")));
  return (Object.values(exports) as string[]).filter((it) =>
    it.startsWith("./lib") || it === "./mod.ts"
  );
}

const [folder = "dist/site"] = taskArguments({}, 1).positionals;
const output = resolve(path(""), folder);
await build(output);
console.log(`The site is in ${output}: open index.html through a web server`);
