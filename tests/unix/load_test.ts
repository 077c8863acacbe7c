import { assertEquals } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";

const TESTS = new URL("./users.ts", import.meta.url).pathname;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

const before29 = /^2\.[78]\./.test(Deno.version.deno);

/**
 * The pool's call is woken at the end of the last wait, and its thread needs a processor to return before Deno looks:
 * that may fail now and then on a busy machine. What is really left behind is left every time.
 */
const TRIES: Record<string, number> = { pool: 4 };

/** Run the tests of a user as Deno does at its strictest: how they ended. */
async function runTests(env: Record<string, string>): Promise<[code: number, text: string]> {
  const sanitizers = ["--sanitize-ops", "--sanitize-resources"];
  const args = ["test", "--quiet", "--allow-all", "--config", CONFIG, ...sanitizers, TESTS];
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
        let [code, text] = [1, ""];
        for (let left = TRIES[backend] ?? 1; code !== 0 && left > 0; left--) {
          [code, text] = await runTests({ ...env, DENET_UNIX_REACTOR: backend });
        }
        assertEquals(code, 0, text);
      },
    );
  }
}
