/** What becomes of descriptors and socket files when a program ends or is reloaded. */

import { assert, assertEquals } from "@std/assert";
import { whyMissing } from "../reactor/backends.ts";
import { testUnless } from "../util/peers.ts";
import { startDeno, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";
import { CONFIG, MODULE, program, reload } from "./reload.ts";

const notLinux = Deno.build.os === "linux" ? undefined : "there is no /proc";

/** Listens, has a conversation with itself, and says how many descriptors that makes. */
const SERVER = `
  import { Msghdr, OwnedFd, sendmsg, unix } from "${MODULE}";
  try {
    const path = unix.listen(DIR + "/a");
    const name = unix.listen("@unload-" + DIR);
    const inbox = unix.bind(DIR + "/inbox");
    const [a, b] = unix.socketpair();
    const read = b.read(new Uint8Array(1));
    await a.write(new Uint8Array(1));
    await read;
    const file = OwnedFd.open("/dev/null");
    b.read(new Uint8Array(1)).then(console.log, console.log);
    inbox.receive().then(console.log, console.log);
    // A message that waits holds a duplicate of what it passes.
    const full = unix.socketpair();
    const send = async () => {
      const message = new Msghdr();
      message.addVector(new Uint8Array(1 << 16));
      unix.addFiles(message, name);
      await sendmsg(full[0], message);
      await send();
    };
    send();
    globalThis.kept = [name, inbox, a, b, file, full];
    // Deno itself opens its caches anew, and leaves them open.
    const COUNTED = /^(socket|.dev|anon_inode.*)/;
    const kinds = () => [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
      try {
        return COUNTED.exec(Deno.readLinkSync("/proc/self/fd/" + name))?.[0] ?? [];
      } catch {
        return [];
      }
    });
    const pause = () => new Promise((resolve) => setTimeout(resolve, 50));
    // On a busy machine the first pause may be over in the turn in which the module begins to wait.
    await pause();
    await pause();
    // What the run before had open is closed by its threads when they get to it: the second run says how many are
    // right, and those that follow wait for that.
    const [runs, limit] = Deno.readTextFileSync(DIR + "/runs").split(" ").map(Number);
    let open = kinds();
    for (let n = 0; runs > 1 && open.length > limit && n < 100; n++) {
      await pause();
      open = kinds();
    }
    Deno.writeTextFileSync(DIR + "/runs", (runs + 1) + " " + (runs > 1 ? limit : open.length));
    console.log("listening", open.length, open.sort().join(" "));
    for await (const connection of path) await connection.write(new Uint8Array(1));
  } catch (error) {
    console.log(error);
  }
`;

for (const backend of ["io_uring", "aio", "pool"]) {
  testUnless(
    notLinux ?? whyMissing(backend),
    `a reload by --watch closes all that the last run had open (${backend})`,
    async () => {
      using dir = tempDir();
      const { href, pathname } = program(dir, SERVER);
      Deno.writeTextFileSync(dir.join("runs"), "0 0");
      const options = [
        "--quiet",
        "--allow-all",
        "--watch",
        "--no-clear-screen",
        "--config",
        CONFIG,
      ];
      await using child = startProcess(Deno.execPath(), {
        args: ["run", ...options, href],
        env: { DENET_UNIX_REACTOR: backend, NO_COLOR: "1" },
      });
      // What Deno looks for changes with may be open only after the first run has counted.
      const [, second = "", ...others] = await reload(child, pathname, 5);
      const counts = [second, ...others].map((it) => Number(/^listening (\d+) /.exec(it)?.[1]));
      assert(counts.every((it) => it <= (counts[0] ?? 0)), [second, ...others].join("\n"));
    },
  );
}

/** Run to the end: the lines on standard output, and the names in its folder. */
async function run(text: string): Promise<{ output: string; files: string[]; code: number }> {
  using dir = tempDir();
  await using child = startDeno(program(dir, text), ["--allow-all"]);
  const output = await child.readAll() + await child.stderr;
  const files = [...Deno.readDirSync(dir.path)].map(({ name }) => name).sort();
  return { output, files: files.filter((it) => it !== "main.ts"), code: (await child.status).code };
}

const OPEN = `
  import { Listener, OwnedFd, unix } from "${MODULE}";
  const listener = unix.listen(DIR + "/listener");
  const inbox = unix.bind(DIR + "/inbox");
  const left = unix.listen(DIR + "/left", { unlinkOnClose: false });
  const detached = unix.listen(DIR + "/detached").detach();
  listener.unref();
  listener.accept().then(console.log, console.log);
`;

for (const [how, end] of [["its code", ""], ["Deno.exit()", "Deno.exit(0);"]]) {
  Deno.test(`the end of a program by ${how} removes its socket files, and ends no wait`, async () => {
    assertEquals(await run(OPEN + end), { output: "", files: ["detached", "left"], code: 0 });
  });
}

Deno.test("the end of a program is the same where it has added to the prototypes", async () => {
  const { output, code } = await run(`
    Object.prototype.also = Array.prototype.last = function () {};
    ${OPEN}
  `);
  assertEquals({ output, code }, { output: "", code: 0 });
});

Deno.test("a listener for unload that was added before the first socket finds everything open", async () => {
  const { output } = await run(`
    addEventListener("unload", () => console.log(listener.addr.path.startsWith(DIR)));
    ${OPEN}
    addEventListener("unload", () => { try { inbox.fd; } catch (error) { console.log(error.name); } });
  `);
  assertEquals(output, "true\nBadResource\n");
});

Deno.test("the end of a program leaves standard output open, whichever object owns it", async () => {
  const { output } = await run(`
    import { OwnedFd } from "${MODULE}";
    globalThis.kept = OwnedFd.adopt(1);
    OwnedFd.open("/dev/null");
    addEventListener("unload", () => console.log("written"));
  `);
  assertEquals(output, "written\n");
});
