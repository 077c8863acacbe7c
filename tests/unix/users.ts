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

for (const type of ["stream", "seqpacket", "dgram"] as const) {
  Deno.test(`${type}: read and write`, async () => {
    const [a, b] = unix.socketpair({ type });
    using _a = a;
    using _b = b;
    const reading = b.read(byte());
    await a.write(byte());
    await reading;
  });
}

Deno.test("listen, connect, accept, pass a file", async () => {
  using listener = unix.listen(`${Deno.makeTempDirSync()}/s`);
  const accepting = listener.accept();
  using client = await unix.connect(listener.addr.path);
  using server = await accepting;
  using file = OwnedFd.open("/dev/null");
  await client.send({ data: byte(), files: [file] });
  using _message = await server.receive({ files: 1 });
});

// Often, as what is left behind may be gone before Deno looks.
for (let n = 0; n < 50; n++) {
  Deno.test(`close and abort while a read waits, ${n}`, async () => {
    const [a, b] = unix.socketpair();
    using _a = a;
    const reading = b.read(byte()).catch(() => {});
    const aborting = a.receive({ signal: AbortSignal.timeout(2) }).catch(() => {});
    await later();
    b.close();
    await Promise.all([reading, aborting]);
  });
}

Deno.test("close while a client waits for a full queue", async () => {
  using listener = unix.listen(`${Deno.makeTempDirSync()}/s`, { backlog: 0 });
  using _first = await unix.connect(listener.addr.path);
  const second = unix.connect(listener.addr.path, { signal: AbortSignal.timeout(3) });
  await second.catch(() => {});
  await later();
});

Deno.test("500 messages", async () => {
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  for (let i = 0; i < 500; i++) {
    await a.write(byte());
    await b.read(byte());
  }
});

Deno.test("streams", async () => {
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  const writing = new Blob(["hello"]).stream().pipeTo(a.writable);
  await new Response(b.readable).text();
  await writing;
});

Deno.test("files and pipes", async () => {
  using file = OwnedFd.open("/etc/passwd");
  await file.read(byte());
  await new Response(file.dup().readable).text();
});
