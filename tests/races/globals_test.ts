/** Test libraries replace clocks and timers; the module keeps those that were there when it was loaded. */

import { assertEquals } from "@std/assert";
import { lifetime } from "../util/lifetime.ts";

const CONVERSATION = `
  const [a, b] = unix.socketpair();
  const into = new Uint8Array(4);
  for (let n = 0; n < 300; n++) {
    const read = b.read(into);
    if (n % 3 === 0) await new Promise((resolve) => later(resolve, 0));
    await a.write(new Uint8Array(4).fill(n));
    if (await read !== 4 || into[0] !== (n & 255)) throw new Error("lost " + n);
  }
  for (let n = 0; n < 300; n++) {
    await a.write(new Uint8Array(4).fill(n));
    if (await b.read(into) !== 4 || into[0] !== (n & 255)) throw new Error("lost " + n);
  }
  // More than the backlog holds: the listener is asked again after pauses.
  const listener = unix.listen(dir + "/listener", { backlog: 1 });
  const connects = Array.from({ length: 8 }, () => unix.connect(dir + "/listener"));
  for (let n = 0; n < 8; n++) {
    await new Promise((resolve) => later(resolve, 2));
    (await listener.accept()).close();
  }
  for (const client of await Promise.all(connects)) client.close();
  listener.close();
  const waited = b.read(into);
  for (let n = 0; n < 3; n++) await new Promise((resolve) => later(resolve, 1));
  a.close();
  console.log(await waited);
  try {
    const [c, d] = unix.socketpair();
    c.receiveSync({ timeout: 20 });
    d.close();
  } catch (error) {
    console.log(error.name);
  }
  b.close();`;

const REPLACED = {
  "performance.now() that stands still": "performance.now = () => 5;",
  "performance.now() that runs backwards": "let t = 1e9; performance.now = () => t -= 1e6;",
  "Date.now() that stands still": "Date.now = () => 0;",
  "timers that never come":
    "globalThis.setTimeout = globalThis.setInterval = () => 0; globalThis.clearTimeout = () => {};",
  "setImmediate() that never comes": "globalThis.setImmediate = () => 0;",
  "queueMicrotask() that never comes": "globalThis.queueMicrotask = () => {};",
};

for (const [what, replace] of Object.entries(REPLACED)) {
  Deno.test(`sockets work with ${what}`, async () => {
    const program = `const later = setTimeout; ${replace} ${CONVERSATION}`;
    assertEquals(await lifetime(program), "null\nTimedOut\n");
  });
}
