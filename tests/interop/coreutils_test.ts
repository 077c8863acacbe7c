/**
 * Pipes whose other end a child process has, and reading and writing at offsets beside `dd`.
 *
 * @module
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { type ChildProcess, spawn } from "node:child_process";
import { OwnedFd } from "../../mod.ts";
import { linuxTest, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (data: Uint8Array): string => new TextDecoder().decode(data);

/** Start a program whose standard input and output are ends of our pipes. */
function start(program: string, args: string[], input: OwnedFd, output: OwnedFd): ChildProcess {
  return spawn(program, args, { stdio: [input.fd, output.fd, "inherit"] });
}

/** How a program ended. */
function ended(child: ChildProcess): Promise<number | string | null> {
  return new Promise((resolve, reject) => {
    child.once("exit", (code, signal) => resolve(code ?? signal));
    child.once("error", reject);
  });
}

async function writeAll(file: OwnedFd, data: Uint8Array): Promise<void> {
  for (let done = 0; done < data.byteLength;) done += await file.write(data.subarray(done));
}

/** More than a pipe holds. */
const LARGE = new Uint8Array(1_000_003).map((_, i) => 97 + i % 26);

test("a child reads the one pipe and writes the other, each to its end", async () => {
  const [childReads, weWrite] = OwnedFd.pipe();
  const [weRead, childWrites] = OwnedFd.pipe();
  const child = start("tr", ["a-z", "A-Z"], childReads, childWrites);
  const end = ended(child);
  // The child has its own: ours would keep the pipes open.
  childReads.close();
  childWrites.close();
  const writing = writeAll(weWrite, LARGE).finally(() => weWrite.close());
  const answer = await new Response(weRead.readable).bytes();
  await writing;
  assertEquals(answer, LARGE.map((it) => it - 32));
  assertEquals(await end, 0);
});

test("a pipe's bytes in pieces reach a child that reads them late, in order", async () => {
  const [childReads, weWrite] = OwnedFd.pipe();
  const [weRead, childWrites] = OwnedFd.pipe();
  const child = start("sh", ["-c", "sleep 0.1; exec cat"], childReads, childWrites);
  const end = ended(child);
  childReads.close();
  childWrites.close();
  for (let i = 0; i < 100; i++) assertEquals(weWrite.writeSync(bytes(`${i},`)) > 0, true);
  weWrite.close();
  const all = Array.from({ length: 100 }, (_, i) => `${i},`).join("");
  assertEquals(await new Response(weRead.readable).text(), all);
  assertEquals(await end, 0);
});

test("writing to a pipe whose reader has ended is BrokenPipe, and no signal", async () => {
  const [childReads, weWrite] = OwnedFd.pipe();
  const [weRead, childWrites] = OwnedFd.pipe();
  using _writer = weWrite;
  const child = start("head", ["-c", "3"], childReads, childWrites);
  const end = ended(child);
  childReads.close();
  childWrites.close();
  await weWrite.write(bytes("abcdef"));
  assertEquals(await new Response(weRead.readable).text(), "abc");
  assertEquals(await end, 0);
  const error = await assertRejects(() => writeAll(weWrite, LARGE), Deno.errors.BrokenPipe);
  assert("code" in error);
  assertEquals(error.code, "EPIPE");
});

/** What a shell that is started now reads from a descriptor of the same number. */
async function readByShell(fd: number): Promise<{ code: number; output: string }> {
  const { code, stdout } = await new Deno.Command("cat", {
    args: [`/dev/fd/${fd}`],
    stdin: "null",
    stderr: "null",
  }).output();
  return { code, output: text(stdout) };
}

linuxTest("a child has a pipe while `closeOnExec` is off, and no other", async () => {
  const [reader, writer] = OwnedFd.pipe();
  using _reader = reader;
  await writer.write(bytes("passed on"));
  writer.close();
  assertEquals(await readByShell(reader.fd), { code: 1, output: "" });
  reader.closeOnExec = false;
  assertEquals(await readByShell(reader.fd), { code: 0, output: "passed on" });
});

/** Run `dd`, whose standard input and output are ours to choose: its output. */
async function dd(input: Uint8Array, ...args: string[]): Promise<Uint8Array> {
  const child = new Deno.Command("dd", {
    args: [...args, "status=none"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input);
  await writer.close();
  const { code, stdout } = await child.output();
  assertEquals(code, 0, args.join(" "));
  return stdout;
}

const OFFSETS = [0, 1, 4095, 65536, 2 ** 32 + 5];

linuxTest("dd reads at an offset what writeAt() has written there, and the other way", async () => {
  using dir = tempDir();
  const path = dir.join("file");
  using file = OwnedFd.open(path, { read: true, write: true, createNew: true });
  for (const offset of OFFSETS) {
    await file.writeAt(bytes("deno"), offset);
    file.writeAtSync(bytes("unix"), offset + 4);
    const skip = [`if=${path}`, `skip=${offset}`, "count=8", "iflag=skip_bytes,count_bytes"];
    assertEquals(text(await dd(new Uint8Array(0), ...skip)), "denounix", `at ${offset}`);

    const seek = [`of=${path}`, `seek=${offset}`, "oflag=seek_bytes", "conv=notrunc"];
    await dd(bytes("coreutil"), ...seek);
    const target = new Uint8Array(4);
    assertEquals(await file.readAt(target, offset), 4);
    assertEquals(text(target), "core", `at ${offset}`);
    assertEquals(file.readAtSync(target, offset + 4), 4);
    assertEquals(text(target), "util", `at ${offset}`);
  }
  assertEquals(file.seekSync(0, Deno.SeekMode.Current), 0);
});
