/** The reactor of this thread. */

import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { closeFd, write } from "../../ffi/syscalls/files.ts";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import {
  backend,
  progressed,
  READABLE,
  register,
  WRITABLE,
  yieldIfBudgetSpent,
} from "../../lib/reactor/mod.ts";
import { isPending, linuxTest, test } from "../util/cases.ts";

const MODULE = new URL("../../lib/reactor/mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** A pipe, and the end of it. */
function pipeOf(): Disposable & { reading: number; writing: number } {
  const ends = pipe();
  assert(typeof ends !== "number");
  const [reading, writing] = ends;
  return { reading, writing, [Symbol.dispose]: () => [reading, writing].forEach(closeFd) };
}

test("register() asks nothing before the first wait, which ends when the descriptor is ready", async () => {
  using ends = pipeOf();
  const reading = register(ends.reading);
  const writing = register(ends.writing);
  assertEquals({ reading: reading.slot, writing: writing.slot }, { reading: -1, writing: -1 });
  await writing.wait(WRITABLE);
  const waiting = reading.wait(READABLE);
  assertEquals(await isPending(waiting), true);
  write(ends.writing, new Uint8Array(1));
  await waiting;
  for (const it of [reading, writing]) it.cancel(new Error("done"));
});

test("register() of what is no descriptor fails with the first wait", async () => {
  await assertRejects(() => register(987_654).wait(READABLE), Deno.errors.BadResource, "987654");
});

test("backend() continues naming the one that it has chosen", () => {
  const name = backend();
  assert(["io_uring", "aio", "pool"].includes(name), name);
  assertEquals(backend(), name);
});

test("yieldIfBudgetSpent() gives a promise of the next turn now and then", async () => {
  for (let round = 0; round < 3; round++) {
    let turns = 0;
    setImmediate(() => turns++);
    let pause: Promise<void> | undefined;
    while (pause === undefined) pause = yieldIfBudgetSpent();
    for (let i = 0; i < 1000; i++) await undefined;
    assertEquals(turns, 0);
    await pause;
    assertEquals(turns, 1);
  }
});

test("progressed() lets a wait that keeps nothing alive see what was written", async () => {
  using ends = pipeOf();
  const registration = register(ends.reading);
  registration.unref();
  const waiting = registration.wait(READABLE);
  write(ends.writing, new Uint8Array(1));
  progressed();
  await waiting;
  registration.cancel(new Error("done"));
});

linuxTest("nothing is opened for a thread that never waits", async () => {
  const program = `
    const { progressed, register } = await import(${JSON.stringify(MODULE)});
    const count = () => [...Deno.readDirSync("/proc/self/fd")].length;
    const before = count();
    progressed();
    register(0);
    console.log(count() - before);`;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", CONFIG, "--no-check", program],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "0\n");
});

Deno.test("the names of backends are those of the variable that forces one", async () => {
  const program = `
    const { backend } = await import(${JSON.stringify(MODULE)});
    console.log(backend());`;
  const { stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", CONFIG, "--no-check", program],
    env: { DENET_UNIX_REACTOR: "select", NO_COLOR: "1" },
  }).output();
  const text = new TextDecoder().decode(stderr);
  assertStringIncludes(text, `DENET_UNIX_REACTOR is "select": set it to one of "io_uring", "aio"`);
});
