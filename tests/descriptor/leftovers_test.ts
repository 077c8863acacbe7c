/** What the next run of `deno run --watch` does with what an error left open. */

import { assert, assertEquals } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { CONFIG, MODULE, program, reload } from "./reload.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "there is no /proc";

/** Listens, waits on sockets, says how many are open: an error follows. */
const CRASH = `
  import { unix } from "${MODULE}";
  const kept = [unix.listen(DIR + "/a", { replaceStale: true }), unix.listen("@crash-" + DIR)];
  for (const listener of kept) listener.accept().then(console.log, console.log);
  const [a, b] = unix.socketpair();
  const read = b.read(new Uint8Array(1));
  await a.write(new Uint8Array(1));
  await read;
  b.read(new Uint8Array(1)).then(console.log, console.log);
  globalThis.kept = [kept, a, b];
  const count = () => [...Deno.readDirSync("/proc/self/fd")]
    .map(({ name }) => "/proc/self/fd/" + name)
    .filter((it) => { try { return /^socket/.test(Deno.readLinkSync(it)); } catch { return false; } })
    .length;
  await new Promise((resolve) => setTimeout(resolve, 20));
  console.log("open", count());
`;

for (const backend of ["io_uring", "aio", "pool"]) {
  for (
    const [how, end] of [
      ["thrown by a timer", `setTimeout(() => { throw new Error("end"); }, 5);`],
      ["of a promise", `Promise.reject(new Error("end"));`],
      ["of the module itself", `throw new Error("end");`],
    ]
  ) {
    testUnless(
      notLinux ?? whyMissing(backend),
      `a reload by --watch after an error ${how} closes all that the last run had open (${backend})`,
      async () => {
        using dir = tempDir();
        const { href, pathname } = program(dir, CRASH + end);
        const options = ["--quiet", "--allow-all", "--watch", "--no-clear-screen"];
        await using child = startProcess(Deno.execPath(), {
          args: ["run", ...options, "--config", CONFIG, href],
          env: { DENET_UNIX_REACTOR: backend, NO_COLOR: "1" },
        });
        // What Deno looks for changes with may be open only after the first run has counted.
        const [, second = "", ...others] = await reload(child, pathname, 4);
        assert(/^open \d+$/.test(second), second);
        assertEquals(others, [second, second]);
      },
    );
  }
}

testUnless(
  notLinux,
  "an error that a program prevents from ending it leaves all as it was with --watch",
  async () => {
    using dir = tempDir();
    const { href } = program(
      dir,
      `
      addEventListener("unhandledrejection", (event) => event.preventDefault());
      ${CRASH}
      for (let i = 0; i < 3; i++) {
        const waiting = unix.connect(DIR + "/a");
        Promise.reject(new Error("survived"));
        await waiting;
        const [c, d] = unix.socketpair();
        const late = d.read(new Uint8Array(1));
        await new Promise((resolve) => setTimeout(resolve, 1));
        Promise.reject(new Error("survived"));
        await new Promise((resolve) => setTimeout(resolve, 1));
        c.writeSync(new Uint8Array(1));
        console.log(await late);
        c.close();
        d.close();
      }
      `.replaceAll(".then(console.log, console.log)", ".catch(console.log)"),
    );
    await using child = startProcess(Deno.execPath(), {
      args: ["run", "--quiet", "--allow-all", "--watch", "--config", CONFIG, href],
      env: { NO_COLOR: "1" },
    });
    const lines: (string | undefined)[] = [];
    while (lines.length < 4) lines.push(await child.readLine());
    assert(/^open \d+$/.test(lines.shift() ?? ""));
    assertEquals(lines, ["1", "1", "1"]);
  },
);
