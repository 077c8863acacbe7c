/** The clock, the timers and the places in the event loop, as the module found them when it was loaded. */

import { assertEquals } from "@std/assert";
import {
  atEndOfTurn,
  inMicrotask,
  inNextTurn,
  inWorker,
  nodeProcess,
  startTimer,
  stopTimer,
} from "../lib/event_loop.ts";
import { testUnless } from "./util/peers.ts";

const MODULE = new URL("../lib/event_loop.ts", import.meta.url).href;
const CONFIG = new URL("../deno.json", import.meta.url).pathname;

/** Run a program of its own, in which `loop` is the module, loaded after `before` has run: what it printed. */
async function run(program: string, before = ""): Promise<string> {
  const code = `${before}; const loop = await import(${JSON.stringify(MODULE)}); ${program}`;
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", CONFIG, "--no-check", code],
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

Deno.test("startTimer() calls once, unless stopTimer() comes before", async () => {
  const called: string[] = [];
  const stopped = startTimer(() => called.push("stopped"), 1);
  stopTimer(stopped);
  stopTimer(undefined);
  await new Promise<void>((resolve) => {
    startTimer(() => {
      called.push("first");
      startTimer(resolve, 5);
    }, 5);
  });
  assertEquals(called, ["first"]);
});

Deno.test("a timer keeps the program alive, unless it is unrefed", async () => {
  const program = (milliseconds: number): string => `
    const timer = loop.startTimer(() => console.log("called"), ${milliseconds});
    loop.unrefTimer(timer);
    console.log("end");`;
  assertEquals(await run(program(3_600_000)), "end\n");
  assertEquals(await run(`${program(1)} loop.refTimer(timer);`), "end\ncalled\n");
});

/** Call back at each place, in the order that is the wrong one: the order in which they came. */
const ORDER = `
  const came = [];
  loop.inNextTurn(() => console.log([...came, "next turn"].join(", ")));
  loop.atEndOfTurn(() => came.push("end of turn"));
  loop.inMicrotask(() => {
    came.push("microtask");
    loop.inMicrotask(() => came.push("another"));
  });
  came.push("code");`;
const IN_ORDER = "code, microtask, another, end of turn, next turn\n";

Deno.test("microtasks come before the end of the turn, and that before the next turn", async () => {
  assertEquals(await run(ORDER), IN_ORDER);
});

Deno.test("the places are in the same order once Node's process is made", async () => {
  assertEquals(await run(`loop.nodeProcess(); ${ORDER}`), IN_ORDER);
});

Deno.test("the places are those of the time when the module was loaded", async () => {
  const replaced = `
    globalThis.queueMicrotask = globalThis.setImmediate = globalThis.setTimeout = () => {};
    globalThis.process = undefined;`;
  assertEquals(await run(`${replaced} ${ORDER}`), IN_ORDER);
  assertEquals(await run(`${replaced} loop.nodeProcess(); ${ORDER}`), IN_ORDER);
});

Deno.test("the end of the turn comes after microtasks that make others", async () => {
  nodeProcess();
  await undefined; // outside of microtasks, those that follow would come later
  const came: string[] = [];
  await new Promise<void>((resolve) => {
    inNextTurn(resolve);
    atEndOfTurn(() => came.push("end"));
    const again = (left: number): void => {
      came.push("microtask");
      if (left > 1) inMicrotask(() => again(left - 1));
    };
    inMicrotask(() => again(20));
  });
  assertEquals(came, [...Array(20).fill("microtask"), "end"]);
});

Deno.test("where there is no setImmediate(), a timer calls in the next turn", async () => {
  assertEquals(await run(ORDER, "delete globalThis.setImmediate"), IN_ORDER);
});

Deno.test("where there are no timers, waiting says so", async () => {
  const program = `
    try {
      loop.startTimer(() => {}, 1);
    } catch (error) {
      console.log(error.name, error.message);
    }`;
  assertEquals(
    await run(program, "delete globalThis.setTimeout"),
    "NotSupported Cannot wait: there was no `setTimeout` when the module was loaded; load it before `setTimeout` is removed\n",
  );
});

Deno.test("atUnload() calls when the program ends, also by Deno.exit()", async () => {
  const program = `loop.atUnload(() => console.log("unload")); console.log("end");`;
  assertEquals(await run(program), "end\nunload\n");
  assertEquals(await run(`${program} Deno.exit();`), "end\nunload\n");
});

Deno.test("loading the module makes neither timers nor Node's process", async () => {
  const watch = `
    const made = [];
    for (const name of ["process", "setTimeout"]) {
      const { get } = Object.getOwnPropertyDescriptor(globalThis, name);
      if (get === undefined) continue;
      Object.defineProperty(globalThis, name, { get: () => (made.push(name), get.call(globalThis)) });
    }`;
  const program = `
    const before = made.length;
    loop.nodeProcess();
    console.log(before, made.filter((it) => it !== "process").length);`;
  assertEquals(await run(program, watch), "0 0\n");
});

Deno.test("inWorker() is false on the main thread", () => assertEquals(inWorker(), false));

for (
  const [kind, program] of [
    [
      "a Worker",
      `const source = "const loop = await import(" + JSON.stringify(${
        JSON.stringify(MODULE)
      }) + "); postMessage(loop.inWorker());";
       const worker = new Worker(URL.createObjectURL(new Blob([source])), { type: "module" });
       worker.onmessage = ({ data }) => { console.log(data); worker.terminate(); };`,
    ],
    [
      "a thread of node:worker_threads",
      `import { Worker } from "node:worker_threads";
       const source = 'const { parentPort } = require("node:worker_threads"); import(' + JSON.stringify(${
        JSON.stringify(MODULE)
      }) + ").then((loop) => parentPort.postMessage(loop.inWorker()));";
       const worker = new Worker(source, { eval: true });
       worker.on("message", (data) => { console.log(data); worker.terminate(); });`,
    ],
  ] as const
) {
  testUnless(undefined, `inWorker() is true in ${kind}`, async () => {
    assertEquals(await run(program), "true\n");
  });
}
