/**
 * Tests of a user of the module, to be run by `deno test`: each closes what it opens. With LOAD in the
 * environment, the library is loaded first.
 *
 * @module
 */

import { OwnedFd, unix } from "../../mod.ts";

if (Deno.env.has("LOAD")) unix.load();

const byte = (): Uint8Array => new Uint8Array(1);
const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

/** Whether each other thread of Deno's pool waits for something to do. */
function areOthersIdle(): boolean {
  const own = Deno.readLinkSync("/proc/thread-self").split("/").at(-1);
  const of = (thread: string, what: string): string =>
    Deno.readTextFileSync(`/proc/self/task/${thread}/${what}`);
  return [...Deno.readDirSync("/proc/self/task")].every(({ name }) => {
    try {
      return name === own || !of(name, "comm").startsWith("tokio") ||
        of(name, "wchan").includes("futex");
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return true; // it has ended
      throw error;
    }
  });
}

/**
 * Wait until the call in Deno's thread pool that was woken is over. Its thread needs a processor for that, and Deno
 * looks after 16 turns, however short. A call that nothing has woken stays for Deno to find.
 */
async function untilThreadsAreIdle(): Promise<void> {
  for (let n = 0; n < 400 && !areOthersIdle(); n++) await later();
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test(name, async () => {
    await fn();
    if (Deno.env.get("DENET_UNIX_REACTOR") === "pool") await untilThreadsAreIdle();
  });
}

for (const type of ["stream", "seqpacket", "dgram"] as const) {
  test(`${type}: read and write`, async () => {
    const [a, b] = unix.socketpair({ type });
    using _a = a;
    using _b = b;
    const reading = b.read(byte());
    await a.write(byte());
    await reading;
  });
}

test("listen, connect, accept, pass a file", async () => {
  using listener = unix.listen(`${Deno.makeTempDirSync()}/s`);
  const accepting = listener.accept();
  using client = await unix.connect(listener.addr.path);
  using server = await accepting;
  using file = OwnedFd.open("/dev/null");
  await client.send({ data: byte(), files: [file] });
  using _message = await server.receive({ files: 1 });
});

test("close and abort while a read waits", async () => {
  const [a, b] = unix.socketpair();
  using _a = a;
  const reading = b.read(byte()).catch(() => {});
  const aborting = a.receive({ signal: AbortSignal.timeout(2) }).catch(() => {});
  await later();
  b.close();
  await Promise.all([reading, aborting]);
});

test("abort the only wait", async () => {
  const [a, b] = unix.socketpair();
  using _b = b; // closed later, so that its end wakes nothing
  await a.read(byte(), { signal: AbortSignal.timeout(2) }).catch(() => {});
  a.close();
});

test("close while a client waits for a full queue", async () => {
  using listener = unix.listen(`${Deno.makeTempDirSync()}/s`, { backlog: 0 });
  using _first = await unix.connect(listener.addr.path);
  const second = unix.connect(listener.addr.path, { signal: AbortSignal.timeout(3) });
  await second.catch(() => {});
  await later();
});

test("500 messages", async () => {
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  for (let i = 0; i < 500; i++) {
    await a.write(byte());
    await b.read(byte());
  }
});

test("streams", async () => {
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  const writing = new Blob(["hello"]).stream().pipeTo(a.writable);
  await new Response(b.readable).text();
  await writing;
});

test("files and pipes", async () => {
  using file = OwnedFd.open("/etc/passwd");
  await file.read(byte());
  await new Response(file.dup().readable).text();
});
