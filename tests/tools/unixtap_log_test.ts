// What tools/unixtap does when its output cannot be written: the connections go on.

import { assert, assertEquals, assertMatch } from "@std/assert";
import { OwnedFd, unix } from "@denet/unix";
import { testUnless, testWith } from "../util/peers.ts";
import { encode, notLinux, Tapped } from "./tapped.ts";
import { finish, readEvents } from "./tool.ts";
import { readToEnd } from "../util/sockets.ts";

/** Send messages through the tool, and expect each to arrive. */
async function converse(it: Tapped, messages: number, size: number): Promise<void> {
  using client = await unix.connect(it.address);
  using server = await it.listener.accept();
  const data = new Uint8Array(size).fill(0x61);
  for (let i = 0; i < messages; i++) {
    await client.send({ data });
    for (let left = size; left > 0;) left -= await server.read(new Uint8Array(left)) ?? left;
  }
  await server.send({ data: encode("done") });
  assertEquals(await client.read(new Uint8Array(9)), 4);
}

testUnless(
  notLinux,
  "unixtap continues without a log whose disk is full, and ends with 1",
  async () => {
    await using it = new Tapped();
    using _ = it.listen();
    await it.startUnheard("--output", "/dev/full");
    for (let i = 0; i < 3; i++) {
      await converse(it, 2, 100);
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    it.tool.kill("SIGTERM");
    const { code, errors } = await finish(it.tool);
    assertEquals(errors.split("\n"), [
      'unixtap: the output "/dev/full" cannot be written: no space left on the device (ENOSPC)' +
      "; the connections go on without it",
      "unixtap: ended by SIGTERM",
    ]);
    assertEquals(code, 143);
  },
);

testUnless(notLinux, "unixtap --once ends with 1 when its log could not be written", async () => {
  await using it = new Tapped();
  using _ = it.listen();
  await it.startUnheard("--once", "--output", "/dev/full");
  await converse(it, 2, 100);
  assertEquals((await finish(it.tool)).code, 1);
});

testUnless(notLinux, "unixtap continues when the reader of its output is gone", async () => {
  await using it = new Tapped();
  using _ = it.listen();
  await it.startUnheardBy(["bash", "-c", 'exec "$@" > >(true)', "bash"]);
  for (let i = 0; i < 3; i++) {
    await converse(it, 2, 100);
    await new Promise((resolve) => setTimeout(resolve, 60));
  }
  // It has said so, and is still there.
  unix.connectSync(it.address).close();
});

testWith("python3-linux", "unixtap continues when its log takes nothing", async () => {
  await using it = new Tapped();
  using _ = it.listen();
  const fifo = it.dir.join("fifo");
  const made = await new Deno.Command("mkfifo", { args: [fifo] }).output();
  assert(made.success);
  // No process reads the FIFO, and 20 MB are to be shown.
  await it.startUnheard("--json", "--bytes", "all", "--output", fifo);
  await converse(it, 300, 65536);
  // A reader that comes late learns how much it has missed.
  using reader = OwnedFd.open(fifo);
  let text = "";
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(1 << 20);
  while (!text.includes('"lost"')) {
    const count = await reader.read(buffer);
    if (count === null) break;
    text += decoder.decode(buffer.subarray(0, count), { stream: true });
  }
  assertMatch(text, /"event":"lost","time":"[^"]*","count":\d+/);
  it.tool.kill("SIGTERM");
  const { errors } = await finish(it.tool);
  assertMatch(errors, /^unixtap: the output ".*fifo" takes nothing more: what does not fit/);
});

testUnless(notLinux, "unixtap --drop never lets a connection wait for its log", async () => {
  await using it = new Tapped();
  using _ = it.listen();
  const fifo = it.dir.join("fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  await it.startUnheard("--drop", "--json", "--bytes", "all", "--output", fifo);
  await converse(it, 300, 65536); // for ever if it waited: no process reads the FIFO
});

testUnless(
  notLinux,
  "unixtap keeps every byte of what it prints as JSON with --bytes all",
  async () => {
    await using it = await Tapped.start("stream", "--once", "--bytes", "all", "--as", "raw");
    const parts = [encode("text ä"), new Uint8Array([0xc3]), encode("{}"), new Uint8Array(70_000)];
    for (const data of parts) {
      await it.client.send({ data });
      for (let left = data.byteLength; left > 0;) {
        left -= await it.server.read(new Uint8Array(left)) ?? left;
      }
    }
    it.client.close();
    it.server.close();
    const shown = (await readEvents(it.tool)).filter(({ event }) => event === "message")
      .flatMap((
        { text, hex },
      ) => [...text === undefined ? Uint8Array.fromHex(hex ?? "") : encode(text)]);
    assertEquals(shown.length, 70_000 + 7 + 1 + 2);
    assertEquals(shown.slice(0, 10), [...encode("text ä"), 0xc3, ...encode("{}")]);
    assertEquals(await readToEnd(it.server).catch(() => undefined), undefined);
  },
);
