import { assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { concatenated, scatter, totalLength } from "../../lib/socket/pieces.ts";
import { bytes, text } from "../util/cases.ts";

Deno.test("totalLength() and concatenated() put pieces together", () => {
  const pieces = [bytes("ab"), bytes(""), Buffer.from("c")];
  assertEquals({ totalLength: totalLength(pieces), concatenated: text(concatenated(pieces)) }, {
    totalLength: 3,
    concatenated: "abc",
  });
  assertEquals({ totalLength: totalLength([]), byteLength: concatenated([]).byteLength }, {
    totalLength: 0,
    byteLength: 0,
  });
});

Deno.test("concatenated() takes as many bytes as asked for, in memory of its own", () => {
  const pieces = [bytes("abc"), bytes("def")];
  assertEquals([0, 2, 4, 6].map((it) => text(concatenated(pieces, it))), [
    "",
    "ab",
    "abcd",
    "abcdef",
  ]);
  const one = Buffer.from("ab");
  const copy = concatenated([one]);
  one.fill(0);
  assertEquals(text(copy), "ab");
});

Deno.test("pieces without bytes need no memory: that of a detached buffer is none", () => {
  const gone = new Uint8Array(4);
  gone.buffer.transfer();
  const piece = new Uint8Array(2);
  assertEquals(scatter(bytes("ab"), [gone, piece]), 2);
  assertEquals(text(concatenated([gone, piece, gone], 1)), "a");
});

Deno.test("scatter() fills pieces in turn, and leaves what has no place", () => {
  const pieces = [new Uint8Array(2), new Uint8Array(0), new Uint8Array(3)];
  assertEquals(scatter(bytes("abc"), pieces), 3);
  assertEquals(pieces.map((it) => it.join()), ["97,98", "", "99,0,0"]);
  assertEquals(scatter(bytes("abcdefgh"), pieces), 5);
  assertEquals(scatter(bytes("a"), []), 0);
});
