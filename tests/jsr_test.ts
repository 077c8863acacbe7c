// Time limit: 120 s, because Deno type-checks and bundles the package a few times.
/**
 * The package as users get it: published with `deno publish` to a registry on this machine, and used from
 * an empty cache by every command that takes a package.
 *
 * @module
 */

import { assert, assertEquals, assertLess, assertMatch, assertStringIncludes } from "@std/assert";
import { copyPackage } from "./util/package.ts";
import { config, read } from "./util/project.ts";
import { Registry, textOf } from "./util/registry.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";

const { name, version, exports } = config();
const specifier = `jsr:${name}@${version}`;

/** The entry points that are programs, by the names under which they are installed. */
const programs = Object.entries(exports).filter(([, path]) => path.startsWith("./tools/"))
  .map(([entry]) => entry.slice(2));

interface Outcome {
  readonly success: boolean;
  readonly output: string;
  readonly errors: string;
}

/** A user's project, with nothing cached. */
class Project {
  constructor(readonly dir: TempDir, readonly registry: Registry) {
    Deno.mkdirSync(dir.join("app"));
    Deno.writeTextFileSync(dir.join("app", "deno.json"), "{}");
  }

  write(file: string, text: string): void {
    Deno.writeTextFileSync(this.dir.join("app", file), text);
  }

  async run(command: string, args: readonly string[], cwd = "app"): Promise<Outcome> {
    const { success, stdout, stderr } = await new Deno.Command(command, {
      args: [...args],
      cwd: this.dir.join(cwd),
      env: {
        JSR_URL: this.registry.url,
        DENO_DIR: this.dir.join("cache"),
        DENO_INSTALL_ROOT: this.dir.join("installed"),
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
      },
      stdin: "null",
    }).output();
    const [output = "", errors = ""] = [stdout, stderr].map((it) => new TextDecoder().decode(it));
    return { success, output, errors };
  }

  /** Run Deno, which must succeed: its output. */
  async deno(...args: string[]): Promise<string> {
    const { success, output, errors } = await this.run(Deno.execPath(), args);
    assert(success, `deno ${args.join(" ")}:\n${errors}`);
    return output;
  }
}

/** Return the first example of the README that uses the package. */
function exampleOfReadme(): string {
  const examples = [...read("README.md").matchAll(/^```ts\n(.*?)^```/gms)].map(([, it = ""]) => it);
  const first = examples.find((it) => it.includes(`from "${name}"`));
  assert(first !== undefined);
  return first;
}

Deno.test("the published package", async (t) => {
  using dir = tempDir();
  await using registry = new Registry();
  const project = new Project(dir, registry);

  await t.step(
    "is accepted by deno publish, and holds no settings of the development",
    async () => {
      await copyPackage(dir.join("package"));
      const args = ["publish", "--token", "none", "--allow-dirty"];
      const { success, errors } = await project.run(Deno.execPath(), args, "package");
      assert(success, errors);
      const files = registry.published.get(`${name}@${version}`)?.files;
      assert(files !== undefined);
      const settings = Object.keys(JSON.parse(textOf(files, "/deno.json")));
      assertEquals(settings, ["name", "version", "license", "description", "exports"]);
      assertEquals([...files.keys()].filter((it) => /test|bench|\.ci|abi/.test(it)), []);
    },
  );

  await t.step("is added to a project by few requests", async () => {
    registry.requests.length = 0;
    await project.deno("add", `jsr:${name}`);
    const { imports } = JSON.parse(Deno.readTextFileSync(dir.join("app", "deno.json")));
    assertEquals(imports, { [name]: `jsr:${name}@^${version}` });
    // Two for the versions, two for each entry point, and a few parts.
    assertLess(registry.requests.length, 2 + 2 * Object.keys(exports).length + 15);
  });

  await t.step("has types at all entry points", async () => {
    const lines = Object.keys(exports).flatMap((entry, i) => [
      `import * as module${i} from "${name}${entry.slice(1)}";`,
      `console.log(${JSON.stringify(entry)}, Object.keys(module${i}).length);`,
    ]);
    project.write("all.ts", lines.join("\n"));
    project.write("readme.ts", exampleOfReadme());
    project.write("wrong.ts", `import { unix } from "${name}";\nunix.connect(1);\n`);
    // All at once: an error of another file would be told as well.
    const args = ["check", "all.ts", "readme.ts", "wrong.ts"];
    const { success, errors } = await project.run(Deno.execPath(), args);
    assert(!success);
    assertMatch(
      errors,
      /Argument of type 'number' is not assignable to parameter of type 'Address'/,
    );
    assertEquals([...errors.matchAll(/^ +at (\S+\/)?(\w+\.ts):/gm)].map((it) => it[2]), [
      "wrong.ts",
    ]);
    const counts = (await project.deno("run", "all.ts")).trim().split("\n");
    assertEquals(counts.map((it) => it.split(" ")[0]), Object.keys(exports));
  });

  await t.step("runs the example of the README, without the network", async () => {
    registry.requests.length = 0;
    await project.deno(
      "run",
      "--cached-only",
      "--allow-ffi",
      "--allow-read",
      "--allow-write",
      "readme.ts",
    );
    assertEquals(registry.requests, []);
  });

  await t.step("leads to readable code in stack traces", async () => {
    project.write("fails.ts", `import { OwnedFd } from "${name}";\nOwnedFd.open("/none");\n`);
    const { errors } = await project.run(Deno.execPath(), ["run", "--allow-ffi", "fails.ts"]);
    const files = registry.published.get(`${name}@${version}`)?.files;
    assert(files !== undefined);
    const frames = errors.matchAll(/at (\S+) \(http:.*?(\/bundle\/\w+\.js):(\d+):/g);
    const called = [...frames].map(([, name = "", path = "", line]) => {
      const code = textOf(files, path).split("\n")[Number(line) - 1] ?? "";
      return `${name}: ${code.trim()}`;
    });
    assertEquals(called.slice(1), [
      "check: throw systemError(-result, syscall, subject);",
      'openFile: return check(open(cString(name), openFlags(options), modeOf(options)), "open", name);',
      "OwnedFd.open: return own(openFile(path, options));",
    ], errors);
  });

  await t.step("shows its documentation, with the functions of `unix`", async () => {
    const text = await project.deno("doc", specifier);
    assertMatch(text, /^Unix domain sockets for Deno/);
    const members = text.slice(text.indexOf("\nnamespace unix"));
    for (const it of ["connect", "listen", "socketpair"]) {
      assertMatch(members, new RegExp(`^  function ${it}\\(`, "m"));
    }
    const page = await project.deno("doc", "--filter", "connect", `${specifier}/unix`);
    assertMatch(page, /^function connect\(address: Address/m);
    assertStringIncludes(page, "@example");
  });

  for (const program of programs) {
    await t.step(`installs ${program}`, async () => {
      await project.deno("install", "--global", "--allow-all", `${specifier}/${program}`);
      const path = dir.join("installed", "bin", program);
      const { output, errors } = await project.run(path, ["--version"]);
      assertEquals({ output, errors }, { output: `${program} ${version}\n`, errors: "" });
    });
  }

  await t.step("can be bundled into a program", async () => {
    project.write(
      "program.ts",
      `import { Socket, unix } from "${name}";
      const [a, b] = unix.socketpair();
      await a.write(new Uint8Array(3));
      console.log(await b.read(new Uint8Array(8)), Socket.name);
      `,
    );
    await project.deno("bundle", "--quiet", "--output", "program.js", "program.ts");
    const args = ["run", "--no-config", "--allow-ffi", "program.js"];
    assertEquals(await project.deno(...args), "3 Socket\n");
  });
});
