import { assertEquals, assertThrows } from "@std/assert";
import { libc, replaceLibc } from "../../ffi/libc.ts";
import { createMemfd, type MemfdOptions } from "../../lib/fd/memfd.ts";
import type { Seal } from "../../lib/fd/seals.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, linuxTest, test, text } from "../util/cases.ts";

const made = (data?: Uint8Array, options: MemfdOptions = {}): OwnedFd =>
  OwnedFd.adopt(createMemfd("test", data, options));

linuxTest("createMemfd() fills the file up to the size with zeros", () => {
  using file = made(bytes("abc"), { size: 5 });
  const content = new Uint8Array(8).fill(1);
  assertEquals(file.readSync(content), 5);
  assertEquals([...content], [97, 98, 99, 0, 0, 1, 1, 1]);
  using empty = made(undefined, { size: 2 ** 32 });
  assertEquals(empty.statSync().size, 2 ** 32);
});

linuxTest("createMemfd() goes on where memory ran out in the middle", () => {
  const previous = replaceLibc(Object.create(libc(), {
    write: {
      value: (fd: number, data: Uint8Array<ArrayBuffer>, length: bigint): unknown =>
        previous.write(fd, data, length < 3n ? length : 3n),
    },
  }));
  try {
    using file = made(bytes("abcdefgh"));
    const content = new Uint8Array(9);
    assertEquals(file.readSync(content), 8);
    assertEquals(text(content), "abcdefgh\0");
  } finally {
    replaceLibc(previous);
  }
});

linuxTest("createMemfd() sets all seals, some or none", () => {
  const cases: [MemfdOptions["seal"], string[]][] = [
    [undefined, []],
    [[], []],
    [["shrink", "grow"], ["shrink", "grow"]],
    [true, ["seal", "shrink", "grow", "write"]],
    [false, ["seal"]],
  ];
  for (const [seal, expected] of cases) {
    using file = made(bytes("x"), seal === undefined ? {} : { seal });
    assertEquals([...file.seals()], expected);
  }
});

test("createMemfd() refuses a name that has no bytes, or that the kernel would cut", () => {
  if (Deno.build.os !== "linux") return;
  for (const [name, why] of [["a\0b", "NUL"], ["\ud800", "surrogate"], ["a\udc00", "surrogate"]]) {
    assertThrows(() => createMemfd(name ?? "", undefined, {}), TypeError, why);
  }
});

linuxTest("createMemfd() takes the bytes of a subclass, whatever that says of them", () => {
  class Liar extends Uint8Array {
    override get byteLength(): number {
      return 1;
    }
    override subarray(): Uint8Array<ArrayBuffer> {
      return new Uint8Array(2);
    }
  }
  using file = made(new Liar(3).fill(7), { size: 4 });
  const content = new Uint8Array(8);
  assertEquals(file.readSync(content), 4);
  assertEquals([...content], [7, 7, 7, 0, 0, 0, 0, 0]);
});

test("createMemfd() refuses a size and seals that cannot be, and leaves nothing open", () => {
  if (Deno.build.os !== "linux") return;
  assertThrows(() => made(bytes("abc"), { size: 2 }), RangeError, "its data has 3");
  for (const size of [-1, 0.5, NaN, "3" as unknown as number]) {
    assertThrows(() => made(undefined, { size }), RangeError, "a length of");
  }
  for (const seal of [["read"], "write", [1], [null]] as unknown as Seal[][]) {
    assertThrows(() => made(undefined, { seal }), TypeError, "Cannot seal against");
  }
});
