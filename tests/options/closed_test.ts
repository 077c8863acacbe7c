/** Every method and property of an object that was closed, detached or disposed says so. */

import { assert, assertEquals } from "@std/assert";
import { delimited, Frames } from "../../lib/frames/mod.ts";
import { OwnedFd, unix } from "../../mod.ts";
import { type Anything, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";
import { isAsynchronous } from "./api.ts";

const byte = new Uint8Array(1);
const { SOL_SOCKET, SO_SNDBUF } = unix.constants;

/** Arguments that are right. */
const ARGUMENTS: Readonly<Record<string, readonly unknown[]>> = {
  read: [byte],
  readSync: [byte],
  write: [byte],
  writeSync: [byte],
  send: [{ data: byte }],
  sendSync: [{ data: byte }],
  connect: ["/no/such/path"],
  connectSync: ["/no/such/path"],
  bind: ["/no/such/path"],
  shutdown: ["write"],
  getOption: [SOL_SOCKET, SO_SNDBUF],
  setOption: [SOL_SOCKET, SO_SNDBUF, 5000],
  ready: ["read"],
  seek: [0, Deno.SeekMode.Start],
  seekSync: [0, Deno.SeekMode.Start],
  readAt: [byte, 0],
  readAtSync: [byte, 0],
  writeAt: [byte, 0],
  writeAtSync: [byte, 0],
  utime: [1, 1],
  utimeSync: [1, 1],
  setRaw: [true],
  addSeals: ["write"],
  readExactly: [1],
};

/** Values that each property can be set to. */
const VALUES: Readonly<Record<string, unknown>> = {
  sendBufferSize: 5000,
  receiveBufferSize: 5000,
  sendTimeout: 1,
  receiveTimeout: 1,
  busyPoll: 5,
};

/** What needs no descriptor, or tells of its end later: a stream or iterator by its first read. */
const ALLOWED = new Set(
  "constructor close ref unref type messages readable writable get_busyPoll".split(" "),
);

/** All that can be done with an object. */
function* uses(object: Anything): Iterable<[name: string, use: () => unknown]> {
  const seen = new Set<string>();
  let prototype = Object.getPrototypeOf(object);
  for (; prototype !== Object.prototype; prototype = Object.getPrototypeOf(prototype)) {
    for (const [name, it] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (seen.has(name) || ALLOWED.has(name)) continue;
      seen.add(name);
      const values = ARGUMENTS[name] ?? [];
      if (typeof it.value === "function") yield [name, () => object[name](...values)];
      if (it.get && !ALLOWED.has(`get_${name}`)) yield [name, () => object[name]];
      if (it.set) yield [`${name} =`, () => object[name] = VALUES[name] ?? true];
    }
  }
}

/** What is wrong with how an object that has ended takes its use. */
async function flaw(name: string, use: () => unknown): Promise<string | undefined> {
  let made: unknown;
  try {
    made = use();
    await made;
    return `${name} works`;
  } catch (error) {
    if (!(error instanceof Deno.errors.BadResource)) return `${name} ends with ${error}`;
  }
  const isWrongWay = isAsynchronous(name) !== made instanceof Promise;
  return isWrongWay ? `${name} ${made === undefined ? "throws" : "rejects"}` : undefined;
}

/** An object, and how it ends. */
const SUBJECTS: Readonly<Record<string, () => { object: Anything; rest: { close(): void }[] }>> = {
  Socket: () => {
    const [object, peer] = unix.socketpair();
    return { object, rest: [peer] };
  },
  "datagram Socket": () => ({ object: unix.socket(), rest: [] }),
  Listener: () => {
    const dir = tempDir();
    const object = unix.listen(dir.join("s"));
    return { object, rest: [{ close: () => dir[Symbol.dispose]() }] };
  },
  OwnedFd: () => ({ object: OwnedFd.open("/dev/null"), rest: [] }),
  Frames: () => {
    const [socket, peer] = unix.socketpair();
    return { object: new Frames(socket, delimited()), rest: [socket, peer] };
  },
};

for (const [name, make] of Object.entries(SUBJECTS)) {
  for (const how of name === "Frames" ? ["dispose"] : ["close", "detach", "dispose"]) {
    test(`each use of a ${name} after ${how}() is BadResource`, async () => {
      const { object, rest } = make();
      const detached = how === "detach" ? OwnedFd.adopt(object.detach()) : undefined;
      if (how === "dispose") object[Symbol.dispose]();
      if (how === "close") object.close();
      const flaws: string[] = [];
      let count = 0;
      for (const [use, run] of uses(object)) {
        const found = await flaw(use, run);
        if (found !== undefined) flaws.push(found);
        count++;
      }
      for (const it of rest) it.close();
      detached?.close();
      assertEquals(flaws, []);
      assert(count >= 3, `${count} uses`);
    });
  }
}
