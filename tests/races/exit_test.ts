/** The end of the process against every pending operation. */

import { assertEquals, assertStringIncludes } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno } from "../util/process.ts";
import { PARENT, tempDir } from "../util/tempdir.ts";

const SCRIPT = new URL("./exit.ts", import.meta.url);
const NAMES: Record<string, string> = { poll: "pool with poll(2)" };

/** Code and output of each way to end. */
const ways: Record<string, { code: number; output: string }> = {
  "exit": { code: 7, output: "" },
  "close": { code: 0, output: "done\n" },
  "exit at once after closing": { code: 7, output: "" },
  "unref": { code: 0, output: "done\n" },
  "throw": { code: 1, output: "" },
};

for (const backend of ["io_uring", "aio", "pool", "poll"]) {
  const reason = whyMissing(NAMES[backend] ?? backend);
  testUnless(reason, `the program ends with everything pending (${backend})`, async () => {
    using dir = tempDir();
    await Promise.all(
      Object.entries(ways).map(async ([way, expected]) => {
        const env = { DENET_UNIX_REACTOR: backend, NO_COLOR: "1", [PARENT]: dir.path };
        await using child = startDeno(SCRIPT, ["--allow-all"], { args: [way], env });
        await child.closeInput();
        const output = await child.readAll();
        const { code } = await child.status;
        assertEquals({ code, output }, expected, way);
        if (way === "throw") assertStringIncludes(await child.stderr, "on purpose");
      }),
    );
  });

  testUnless(
    reason,
    `the program ends by a signal with everything pending (${backend})`,
    async () => {
      using dir = tempDir();
      const env = { DENET_UNIX_REACTOR: backend, [PARENT]: dir.path };
      await using child = startDeno(SCRIPT, ["--allow-all"], { args: ["kill"], env });
      assertEquals(await child.readLine(), "ready");
      child.kill("SIGTERM");
      assertEquals((await child.status).signal, "SIGTERM");
    },
  );
}
