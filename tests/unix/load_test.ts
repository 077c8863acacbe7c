import { assertEquals } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";

const TESTS = new URL("./users.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

const before29 = /^2\.[78]\./.test(Deno.version.deno);

/** Run the tests of a user as Deno does at its strictest: how they ended. */
async function runTests(env: Record<string, string>): Promise<[code: number, text: string]> {
  const sanitizers = ["--sanitize-ops", "--sanitize-resources"];
  const args = [
    "test",
    "--quiet",
    "--no-check",
    "--allow-all",
    "--config",
    CONFIG,
    ...sanitizers,
    TESTS,
  ];
  await using child = startProcess(Deno.execPath(), { args, env: { NO_COLOR: "1", ...env } });
  const text = await child.readAll();
  return [(await child.status).code, text + await child.stderr];
}

for (const backend of ["io_uring", "aio", "pool"]) {
  for (const [name, env] of [["with load()", { LOAD: "1" }], ["without load()", {}]] as const) {
    testUnless(
      before29 ? "Deno 2.9 has other sanitizers" : whyMissing(backend),
      `the sanitizers of \`deno test\` find nothing left behind by ${backend}, ${name}`,
      async () => {
        const [code, text] = await runTests({ ...env, DENET_UNIX_REACTOR: backend });
        assertEquals(code, 0, text);
      },
    );
  }
}
