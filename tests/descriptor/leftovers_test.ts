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

/** A program that Deno does not reload, though its own arguments read so: it goes on after the event of an error. */
const LEFT = `
  import { OwnedFd, unix } from "${MODULE}";
  import { closeLeftovers } from "${new URL("../../lib/descriptor/leftovers.ts", import.meta.url)}";
  import { fcntl } from "${new URL("../../ffi/syscalls/files.ts", import.meta.url)}";
  const F_DUPFD = 0;
  const isOpen = (fd) => { try { return Deno.readLinkSync("/proc/self/fd/" + fd) !== ""; } catch { return false; } };
  const turn = () => new Promise((resolve) => setImmediate(resolve));
  const [a, b] = unix.socketpair();
  const [c, d] = unix.socketpair();
  const numbers = [a, b, c].map(({ fd }) => fd);
`;

async function say(text: string): Promise<string> {
  using dir = tempDir();
  const { href } = program(dir, LEFT + text);
  await using child = startProcess(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", "--config", CONFIG, href, "--watch"],
    env: { NO_COLOR: "1" },
  });
  return await child.readAll() + await child.stderr;
}

testUnless(
  notLinux,
  "the next run closes what is left, but no other file that has one of the numbers by then",
  async () => {
    const output = await say(`
    dispatchEvent(new Event("error"));
    const other = OwnedFd.open("/dev/null");
    c.close();
    console.log(fcntl(other.fd, F_DUPFD, numbers[2]) === numbers[2], numbers.map(isOpen).join());
    closeLeftovers();
    console.log(numbers.map(isOpen).join(), isOpen(1023));
    Deno.exit(0);
  `);
    assertEquals(output, "true true,true,true\nfalse,false,true false\n");
  },
);

testUnless(
  notLinux,
  "nothing is left once the program goes on, nor where the number is taken",
  async () => {
    const output = await say(`
    dispatchEvent(new Event("unhandledrejection"));
    dispatchEvent(new Event("unhandledrejection"));
    console.log(isOpen(1023));
    await turn();
    console.log(isOpen(1023), numbers.map(isOpen).join());
    console.log(fcntl(a.fd, F_DUPFD, 1023));
    dispatchEvent(new Event("error"));
    closeLeftovers();
    await turn();
    console.log(isOpen(1023), isOpen(1024), numbers.map(isOpen).join());
  `);
    assertEquals(output, "true\nfalse true,true,true\n1023\ntrue false true,true,true\n");
  },
);
