/** Signals that come all the time: nothing fails, nothing waits longer than it should. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { unix } from "../../mod.ts";
import { compileC } from "../util/cc.ts";
import { noLeaks } from "../util/descriptors.ts";
import { startDeno, startProcess } from "../util/process.ts";
import { DATA, place } from "./place.ts";
import { testOnLinux } from "./suite.ts";
import { pair } from "../util/cases.ts";

/** Run `work` while another process signals this thread, and return how many signals it sent. */
async function inStorm(work: () => Promise<void>): Promise<number> {
  const storm = await compileC("storm");
  // A signal to the process would go to its first thread, which is not the one that tests run on.
  const thread = Deno.readLinkSync("/proc/thread-self").replace("/task/", " ").split(" ");
  await using sender = startProcess(storm, { args: thread });
  assertEquals(await sender.readLine(), "storm");
  await work();
  await sender.closeInput();
  return Number(await sender.readLine());
}

/** Without a listener the signal ends the process; it stays, as some may come late. */
Deno.addSignalListener("SIGUSR1", () => {});

/** A process that answers late, so that this one blocks. */
const PEER = new URL("./signals_peer.ts", import.meta.url);

testOnLinux(
  "cc",
  "no operation fails for signals",
  noLeaks(async () => {
    const sent = await inStorm(async () => {
      using stack = new DisposableStack();
      const { short: path } = place(stack);
      const listener = stack.use(unix.listen(path));
      for (let i = 0; i < 200; i++) {
        const client = await unix.connect(path);
        const server = i % 2 === 0 ? await listener.accept() : listener.acceptSync();
        const received = server.receive({ files: 1, waitAll: true, size: DATA.length });
        await client.send({ data: DATA, files: [client] });
        using message = await received;
        assertEquals({ data: message?.data, fileCount: message?.files.length }, {
          data: DATA,
          fileCount: 1,
        });
        client.close();
        server.close();
      }
    });
    assert(sent > 0);
  }),
);

testOnLinux(
  "cc",
  "a blocking receive waits through signals until data comes",
  noLeaks(async () => {
    using stack = new DisposableStack();
    const { short: path } = place(stack);
    using listener = unix.listen(path, { type: "seqpacket" });
    await using _answering = startDeno(PEER, ["--allow-ffi"], { args: [path] });
    using a = await listener.accept();
    const sent = await inStorm(() => {
      for (let i = 0; i < 20; i++) {
        a.sendSync({ data: DATA });
        using message = a.receiveSync();
        assertEquals(message?.data, DATA);
      }
      return Promise.resolve();
    });
    assert(sent > 0);
  }),
);

const { performance } = globalThis;
const { now } = performance;

for (
  const [clock, replacement] of [["", now], [
    ", and of a clock that stands still",
    () => 5,
  ]] as const
) {
  testOnLinux(
    "cc",
    `a time limit ends a blocking call in spite of signals${clock}`,
    noLeaks(async () => {
      using stack = new DisposableStack();
      const [a] = pair(stack);
      a.receiveTimeout = 50;
      await inStorm(() => {
        performance.now = replacement;
        stack.defer(() => performance.now = now);
        // Each signal comes long before the limit: started anew by each, the wait would never end.
        assertThrows(() => a.receiveSync(), Deno.errors.WouldBlock);
        return Promise.resolve();
      });
    }),
  );
}
