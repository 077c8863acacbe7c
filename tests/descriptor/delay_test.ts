import { getEventListeners } from "node:events";
import { assertEquals, assertRejects } from "@std/assert";
import { delay, Delays } from "../../lib/descriptor/delay.ts";
import { gcTest, isForgotten, isPending } from "../util/cases.ts";
import { lifetime } from "../util/lifetime.ts";
import { tempDir } from "../util/tempdir.ts";

Deno.test("delay() resolves after a while, and takes its listener off the signal", async () => {
  const { signal } = new AbortController();
  const waiting = delay(1, signal);
  assertEquals(getEventListeners(signal, "abort").length, 1);
  await waiting;
  assertEquals(getEventListeners(signal, "abort").length, 0);
});

Deno.test("delay() rejects at once with the reason of a signal that aborted before", async () => {
  assertEquals(await assertRejects(() => delay(1e8, AbortSignal.abort("before"))), "before");
});

Deno.test("delay() rejects with the signal's reason while it waits, and leaves no timer", async () => {
  const abort = new AbortController();
  const waiting = delay(1e8, abort.signal);
  abort.abort("during");
  assertEquals(await assertRejects(() => waiting), "during");
  assertEquals(getEventListeners(abort.signal, "abort").length, 0);
});

Deno.test("cancel() ends every delay with its reason, and leaves no timer or listener", async () => {
  const { signal } = new AbortController();
  const delays = new Delays();
  const waiting = [delays.wait(1e8), delays.wait(1e8, signal)];
  assertEquals(await isPending(Promise.race(waiting)), true);
  delays.cancel("closed");
  for (const it of waiting) assertEquals(await assertRejects(() => it), "closed");
  assertEquals(getEventListeners(signal, "abort").length, 0);
});

gcTest("a delay that is over is forgotten, its signal included", async () => {
  const delays = new Delays();
  const gone = await isForgotten(async () => {
    const { signal } = new AbortController();
    await delays.wait(0, signal);
    return signal;
  });
  assertEquals(gone, true);
  delays.cancel("closed");
});

const DELAYS = JSON.stringify(new URL("../../lib/descriptor/delay.ts", import.meta.url).href);

for (const end of ["abort", "cancel"]) {
  Deno.test(`${end}() of a long delay leaves no timer that keeps the program`, async () => {
    const program = `
      const { Delays } = await import(${DELAYS});
      const delays = new Delays();
      const controller = new AbortController();
      delays.wait(1e8, controller.signal).catch(() => console.log("over"));
      if (${end === "abort"}) controller.abort();
      else delays.cancel("closed");`;
    assertEquals(await lifetime(program), "over\n");
  });
}

for (const order of ["before", "after"]) {
  Deno.test(`unref() ${order} wait() lets the program end, and ref() keeps it`, async () => {
    const program = (milliseconds: number, last: string): string => `
      const { Delays } = await import(${DELAYS});
      const delays = new Delays();
      if (${order === "before"}) delays.unref();
      delays.wait(${milliseconds}).then(() => console.log("passed"));
      if (${order === "after"}) delays.unref();
      ${last}`;
    // Longer than a busy machine takes to end a program.
    assertEquals(await lifetime(program(15_000, "")), "");
    assertEquals(await lifetime(program(100, "delays.ref();")), "passed\n");
  });
}

Deno.test("without setTimeout a delay fails, without setImmediate the next turn comes all the same", async () => {
  const module = JSON.stringify(new URL("../../lib/event_loop.ts", import.meta.url).href);
  const program = `
    const { setTimeout } = globalThis;
    delete globalThis.setTimeout;
    delete globalThis.setImmediate;
    const { inNextTurn, startTimer } = await import(${module});
    for (const action of [() => startTimer(() => {}, 1), () => inNextTurn(() => {})]) {
      try {
        action();
      } catch (error) {
        console.log(error.name);
      }
    }`;
  assertEquals(await runAlone(program), "NotSupported\nNotSupported\n");
  const next = `
    delete globalThis.setImmediate;
    const { inNextTurn } = await import(${module});
    inNextTurn(() => console.log("next"));`;
  assertEquals(await runAlone(next), "next\n");
});

/** Run a program in a process of its own that imports nothing before. */
async function runAlone(program: string): Promise<string> {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("program.ts"), program);
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "--config", config, dir.join("program.ts")],
  }).output();
  return new TextDecoder().decode(stdout);
}
