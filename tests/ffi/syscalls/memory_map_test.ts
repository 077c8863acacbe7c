import { assert, assertEquals } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import { MappedMemory } from "../../../ffi/syscalls/memory_map.ts";
import { OwnedFd } from "../../../lib/handle/owned_fd.ts";
import { bytes, connected, test, text } from "../../util/cases.ts";
import { tempDir } from "../../util/tempdir.ts";

test("MappedMemory.map() shows a file's content, which writing does not change", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using file = OwnedFd.open(dir.join("a"));
  const memory = MappedMemory.map(file.fd, 5);
  assert(typeof memory !== "number");
  const view = memory.bytes;
  assertEquals(text(view), "hello");
  view.set(bytes("J"));
  assertEquals({ bytes: text(memory.bytes), content: Deno.readTextFileSync(dir.join("a")) }, {
    bytes: "Jello",
    content: "hello",
  });
  memory[Symbol.dispose]();
  assertEquals({ viewByteLength: view.byteLength, bytesByteLength: memory.bytes.byteLength }, {
    viewByteLength: 0,
    bytesByteLength: 0,
  });
  memory[Symbol.dispose]();
});

test("MappedMemory.map() shares a file's content on request", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using file = OwnedFd.open(dir.join("a"), { read: true, write: true });
  const memory = MappedMemory.map(file.fd, 5, true);
  assert(typeof memory !== "number");
  memory.bytes.set(bytes("J"));
  assertEquals(Deno.readTextFileSync(dir.join("a")), "Jello");
  memory[Symbol.dispose]();
});

test("MappedMemory leaves memory alone that was transferred elsewhere", () => {
  using dir = tempDir();
  Deno.writeTextFileSync(dir.join("a"), "hello");
  using file = OwnedFd.open(dir.join("a"));
  const memory = MappedMemory.map(file.fd, 5);
  assert(typeof memory !== "number");
  const moved = new Uint8Array(memory.bytes.buffer.transfer());
  assertEquals(memory.bytes.byteLength, 0);
  memory[Symbol.dispose]();
  assertEquals(text(moved), "hello");
});

test("MappedMemory.map() returns an error number for what has no content to map", () => {
  using pair = connected();
  const result = MappedMemory.map(pair.a.fd, 1);
  assert(typeof result === "number" && result < 0);
  assertEquals(MappedMemory.map(-1, 1), -platform.EBADF);
});
