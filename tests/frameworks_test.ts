// Time limit: 180 s, because npm fetches frameworks and clients.
/**
 * The programs of `docs/http.md` that need packages of npm: `deno test --doc` leaves them out.
 *
 * @module
 */

import { assert, assertStringIncludes } from "@std/assert";
import { peersRequired, testUnless, testWith } from "./util/peers.ts";
import { read, ROOT } from "./util/project.ts";
import { type TempDir, tempDir } from "./util/tempdir.ts";
import { daemon, type Running } from "./tools/daemon.ts";
import { type Scenario, SCENARIOS } from "./tools/services.ts";

/** A service, and its path in the text of a program. */
interface Service {
  readonly scenario: Pick<Scenario, "needs" | "start" | "file">;
  readonly path: string;
}

/** A program, and the service that it needs. */
interface Program {
  readonly name: string;
  readonly text: string;
  readonly service?: Service;
}

function service(name: RegExp, path: string): Service {
  const scenario = SCENARIOS.find((it) => name.test(it.name));
  if (scenario === undefined) throw new Error(`There is no service ${name}`);
  return { scenario, path };
}

/** Start a MariaDB without tables: it needs none for a query of constants. */
async function startMariadb(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("mysqld.sock");
  const data = dir.join("data");
  Deno.mkdirSync(data);
  const options = ["--no-defaults", "--skip-networking", "--skip-grant-tables"];
  if (Deno.uid() === 0) options.push("--user=root"); // it asks for a word on that
  const paths = [`--datadir=${data}`, `--socket=${socket}`];
  await daemon(stack, socket, "/usr/sbin/mariadbd", ...options, ...paths);
  return { socket };
}

const SERVICES: Record<string, () => Service> = {
  MySQL: () => ({
    scenario: { needs: ["mariadbd"], start: startMariadb },
    path: "/run/mysqld/mysqld.sock",
  }),
  PostgreSQL: () => service(/psql|postgres/i, "/var/run/postgresql/.s.PGSQL.5432"),
  Redis: () => service(/redis/, "/run/redis/redis.sock"),
};

const programs: Program[] = [...read("docs/http.md").matchAll(/```ts ignore\n([^]*?)```/g)]
  .map(([, text = ""]) => {
    const name = /hello from (\w+)/.exec(text)?.[1] ?? "unnamed";
    const needed = SERVICES[name]?.();
    return needed === undefined ? { name, text } : { name, text, service: needed };
  });

/** Whether the packages can be had: from the cache, or from npm. */
async function canLoad(text: string): Promise<boolean> {
  const specifiers = [...text.matchAll(/"(npm:[^"]+)"/g)].map(([, it = ""]) => it);
  const { success } = await new Deno.Command(Deno.execPath(), {
    args: ["cache", "--quiet", "--no-lock", "--no-config", ...specifiers],
    stdin: "null",
    stderr: "null",
  }).output();
  return success;
}

async function run(dir: TempDir, text: string): Promise<string> {
  const imports = {
    "@denet/unix": new URL("mod.ts", ROOT).href,
    "@std/path/": new URL("tests/links/path/", ROOT).href,
  };
  Deno.writeTextFileSync(dir.join("deno.json"), JSON.stringify({ imports, lock: false }));
  Deno.writeTextFileSync(dir.join("main.ts"), text);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", "--quiet", "main.ts"],
    cwd: dir.path,
    env: { NO_COLOR: "1", TMPDIR: dir.path },
    stdin: "null",
    signal: AbortSignal.timeout(60_000),
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout);
}

Deno.test("the page on HTTP has a program for each framework and client", () => {
  for (const name of ["Hono", "Express", "Fastify", "PostgreSQL", "MySQL", "Redis", "gRPC"]) {
    assert(programs.some((it) => it.name === name), `${name} is missing`);
  }
});

for (const { name, text, service } of programs) {
  const isMissing = !peersRequired() && !await canLoad(text);
  const test = isMissing
    ? testUnless.bind(undefined, "npm cannot be reached")
    : testWith.bind(undefined, service?.scenario.needs ?? []);
  test(`${name} runs`, async () => {
    using dir = tempDir();
    await using stack = new AsyncDisposableStack();
    let program = text;
    if (service !== undefined) {
      const { socket } = await service.scenario.start(dir, stack);
      const { file } = service.scenario;
      const path = file === undefined || socket.endsWith(file) ? socket : `${socket}/${file}`;
      program = text.replaceAll(service.path, path)
        .replace('user: "postgres"', 'user: "tester"'); // the cluster's own user there
    }
    assertStringIncludes(await run(dir, program), `hello from ${name}\n`);
  });
}
