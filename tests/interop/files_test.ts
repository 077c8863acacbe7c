/**
 * Memory files, and reading and writing at an offset, with Python at the other end: what one side writes, maps or seals
 * is what the other one finds.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { type FileLike, OwnedFd, type Seal, unix } from "../../mod.ts";
import { noLeaks } from "../util/descriptors.ts";
import { needPeer, testWith } from "../util/peers.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const SCRIPT = new URL("../peers/files.py", import.meta.url).pathname;

/** A Python program that works with one file. */
class Python implements AsyncDisposable {
  readonly #process: LineProcess;
  readonly #socket: unix.Socket;

  private constructor(process: LineProcess, socket: unix.Socket) {
    this.#process = process;
    this.#socket = socket;
  }

  static async start(): Promise<Python> {
    using dir = tempDir();
    using listener = unix.listen(dir.join("s"));
    const { command } = needPeer("python3-linux");
    const process = startProcess(command, { args: [SCRIPT, dir.join("s")] });
    return new Python(process, await listener.accept());
  }

  /** Run a command there: its result, or the name of its error. */
  async call(...command: readonly (string | number | boolean)[]): Promise<unknown> {
    await this.#process.writeLine(JSON.stringify(command));
    const answer = JSON.parse(await this.#process.readLine());
    return answer?.error ?? answer;
  }

  /** Pass a file to it. */
  async give(file: FileLike): Promise<void> {
    await this.#socket.send({ data: new Uint8Array(1), files: [file] });
    assertEquals(await this.call("take"), null);
  }

  /** Let it make a memory file, and take that. */
  async make(size: number, seals: number): Promise<OwnedFd> {
    assertEquals(await this.call("make", size, seals), null);
    using message = await this.#socket.receive({ files: 1 });
    const file = message?.files.shift();
    assert(file !== undefined, "nothing was passed");
    return file;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close();
    await this.#process[Symbol.asyncDispose]();
  }
}

function test(name: string, fn: (python: Python) => Promise<void>): void {
  testWith(
    "python3-linux",
    name,
    noLeaks(async () => {
      await using python = await Python.start();
      await fn(python);
    }),
  );
}

const { F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE } = platform;

const SEALS: readonly (readonly [bits: number, seals: readonly Seal[]])[] = [
  [0, []],
  [F_SEAL_SHRINK, ["shrink"]],
  [F_SEAL_GROW, ["grow"]],
  [F_SEAL_WRITE, ["write"]],
  [F_SEAL_SHRINK | F_SEAL_GROW, ["shrink", "grow"]],
  [F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE, ["seal", "shrink", "grow", "write"]],
];

const hex = (text: string): string => new TextEncoder().encode(text).toHex();
const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

test("map({ shared: true }) and Python's mmap are one memory", async (python) => {
  using file = OwnedFd.memfd("ring", bytes("abcdef"), { size: 4096, seal: ["shrink", "grow"] });
  await python.give(file);
  await python.call("map_shared", 4096);
  using mapping = file.map({ shared: true });
  assertEquals(await python.call("peek", 0, 6), hex("abcdef"));
  mapping.bytes.set(bytes("XY"), 2);
  assertEquals(await python.call("peek", 0, 6), hex("abXYef"));
  assertEquals(await python.call("pread", 6, 0), hex("abXYef"));
  await python.call("poke", 4090, hex("python"));
  assertEquals(text(mapping.bytes.subarray(4090)), "python");
  await python.call("pwrite", hex("1"), 0);
  assertEquals(text(mapping.bytes.subarray(0, 6)), "1bXYef");
});

test("map() without `shared` keeps what is written to it from Python", async (python) => {
  using file = await python.make(8, 0);
  await python.call("pwrite", hex("8 bytes!"), 0);
  await python.call("seal", F_SEAL_SHRINK | F_SEAL_WRITE);
  using mapping = file.map();
  assertEquals(text(mapping.bytes), "8 bytes!");
  mapping.bytes.fill(0);
  assertEquals(await python.call("pread", 8, 0), hex("8 bytes!"));
});

test("map() refuses what Python has not sealed against shrinking", async (python) => {
  using file = await python.make(4096, F_SEAL_GROW);
  assertThrows(() => file.map({ shared: true }), TypeError, "not sealed against shrinking");
  assertThrows(() => file.map(), TypeError, "not sealed against shrinking and writing");
  await python.call("truncate", 0);
  assertEquals(file.statSync().size, 0);
});

test("map() maps what Python has sealed partially", async (python) => {
  using file = await python.make(4096, F_SEAL_SHRINK);
  using shared = file.map({ shared: true });
  assertThrows(() => file.map(), TypeError, "not sealed against shrinking and writing");
  await python.call("pwrite", hex("hello"), 0);
  assertEquals(text(shared.bytes.subarray(0, 5)), "hello");
  // While the file is mapped for writing here, no process can seal it against writing.
  assertEquals(await python.call("seal", F_SEAL_WRITE), "EBUSY");
  shared[Symbol.dispose]();
  assertEquals(await python.call("seal", F_SEAL_WRITE), null);
  assertThrows(() => file.map({ shared: true }), TypeError, "sealed against writing");
  using mapping = file.map();
  assertEquals(text(mapping.bytes.subarray(0, 5)), "hello");
});

for (const [bits, seals] of SEALS) {
  const name = seals.join(", ") || "nothing";

  test(`seals() lists what Python has sealed: ${name}`, async (python) => {
    using file = await python.make(8, bits);
    assertEquals([...file.seals()], seals);
  });

  test(`a file that is sealed here is sealed for Python: ${name}`, async (python) => {
    using atOnce = OwnedFd.memfd("test", bytes("8 bytes!"), { seal: seals });
    using later = OwnedFd.memfd("test", bytes("8 bytes!"));
    later.addSeals(...seals);
    for (const file of [atOnce, later]) {
      await python.give(file);
      assertEquals(await python.call("seals"), bits);
      const has = (seal: Seal): boolean => seals.includes(seal);
      const refused = (seal: Seal, result: unknown): unknown => has(seal) ? "EPERM" : result;
      assertEquals(await python.call("pwrite", hex("J"), 0), refused("write", 1));
      assertEquals(await python.call("truncate", 16), refused("grow", null));
      assertEquals(await python.call("truncate", 4), refused("shrink", null));
      assertEquals(await python.call("seal", F_SEAL_GROW), refused("seal", null));
    }
  });
}

test("addSeals() after Python's F_SEAL_SEAL says why not", async (python) => {
  using file = await python.make(8, F_SEAL_SEAL);
  assertThrows(() => file.addSeals("write"), Deno.errors.PermissionDenied, "further seals");
  assertEquals(await python.call("seals"), F_SEAL_SEAL);
});

test("addSeals() of a file that Python has mapped for writing says so", async (python) => {
  using file = await python.make(4096, F_SEAL_SHRINK);
  await python.call("map_shared", 4096);
  assertThrows(() => file.addSeals("write"), Deno.errors.Busy, "mapped for writing");
  await python.call("unmap");
  file.addSeals("write");
  assertEquals(await python.call("pwrite", hex("J"), 0), "EPERM");
});

test("Python and `nonblocking` of all three classes agree", async (python) => {
  using dir = tempDir();
  const [socket, other] = unix.socketpair();
  using _socket = socket;
  using _other = other;
  using listener = unix.listen(dir.join("s"));
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  using _writer = writer;
  for (const it of [socket, listener, reader]) {
    await python.give(it);
    for (const on of [true, false]) {
      it.nonblocking = on;
      assertEquals(await python.call("is_nonblocking"), on);
      await python.call("set_nonblocking", !on);
      assertEquals(it.nonblocking, !on);
    }
  }
});

/** Files to read and write at offsets: one in memory, and one on the disk. */
async function withFiles(fn: (file: OwnedFd) => Promise<void>): Promise<void> {
  using dir = tempDir();
  using memory = OwnedFd.memfd("test");
  const path = dir.join("file");
  using disk = OwnedFd.open(path, { read: true, write: true, createNew: true });
  for (const file of [memory, disk]) await fn(file);
}

const OFFSETS = [0, 1, 4095, 2 ** 31 - 1, 2 ** 32 + 5];

test("readAt() finds what Python's pwrite has written, and the position stays", async (python) => {
  await withFiles(async (file) => {
    await python.give(file);
    file.seekSync(3, Deno.SeekMode.Start);
    for (const offset of OFFSETS) {
      assertEquals(await python.call("pwrite", hex("python"), offset), 6);
      const target = new Uint8Array(4);
      assertEquals({ count: await file.readAt(target, offset), text: text(target) }, {
        count: 4,
        text: "pyth",
      });
      assertEquals({ count: file.readAtSync(target, offset + 4), text: text(target) }, {
        count: 2,
        text: "onth",
      });
      assertEquals(await file.readAt(target, offset + 6), null);
      assertEquals(file.readAtSync(target, BigInt(offset) + 6n), null);
    }
    assertEquals(file.seekSync(0, Deno.SeekMode.Current), 3);
  });
});

test("Python's pread finds what writeAt() has written, and the position stays", async (python) => {
  await withFiles(async (file) => {
    await python.give(file);
    for (const offset of OFFSETS) {
      assertEquals(await file.writeAt(bytes("deno"), offset), 4);
      assertEquals(file.writeAtSync(bytes("unix"), BigInt(offset) + 4n), 4);
      assertEquals(await python.call("pread", 20, offset), hex("denounix"));
      await python.call("truncate", 0);
    }
    assertEquals(file.seekSync(0, Deno.SeekMode.Current), 0);
  });
});
