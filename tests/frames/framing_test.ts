import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { shown } from "../../lib/errors.ts";
import { delimited, lengthPrefixed } from "../../lib/frames/mod.ts";
import { frameEndOf } from "../../lib/frames/framing.ts";

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A prefix written by `DataView`, which is not the code under test. */
function prefix(bytes: 1 | 2 | 4 | 8, littleEndian: boolean, value: bigint): Uint8Array {
  const view = new DataView(new ArrayBuffer(bytes));
  if (bytes === 1) view.setUint8(0, Number(value));
  if (bytes === 2) view.setUint16(0, Number(value), littleEndian);
  if (bytes === 4) view.setUint32(0, Number(value), littleEndian);
  if (bytes === 8) view.setBigUint64(0, value, littleEndian);
  return new Uint8Array(view.buffer);
}

const LARGEST = { 1: 255n, 2: 65535n, 4: 2n ** 32n - 1n, 8: 2n ** 53n - 1n } as const;

for (const bytes of [1, 2, 4, 8] as const) {
  for (const littleEndian of [false, true]) {
    const order = littleEndian ? "little" : "big";
    Deno.test(`lengthPrefixed() reads ${bytes} bytes, ${order} endian, and needs all of them`, () => {
      const framing = lengthPrefixed({ bytes, littleEndian });
      for (const value of [0n, 1n, 200n, LARGEST[bytes]]) {
        const head = prefix(bytes, littleEndian, value);
        for (let i = 0; i < bytes; i++) assertEquals(framing(head.subarray(0, i)), undefined);
        assertEquals(framing(head), bytes + Number(value));
        assertEquals(framing(new Uint8Array([...head, 1, 2, 3])), bytes + Number(value));
      }
    });
  }
}

Deno.test("lengthPrefixed() finds its length behind other bytes, whatever it counts", () => {
  const head = new Uint8Array([9, 9, 9, 0, 10, 7]);
  const body = lengthPrefixed({ bytes: 2, offset: 3 });
  assertEquals(body(head.subarray(0, 4)), undefined);
  assertEquals(body(head), 15);
  const frame = lengthPrefixed({ bytes: 2, offset: 3, counts: "frame" });
  assertEquals(frame(head.subarray(0, 4)), undefined);
  assertEquals(frame(head), 10);
  assertEquals(body.body?.(head), new Uint8Array([7]));
});

Deno.test("lengthPrefixed() refuses a frame that is shorter than its prefix", () => {
  const framing = lengthPrefixed({ bytes: 2, offset: 1, counts: "frame" });
  assertEquals(framing(new Uint8Array([0, 0, 3])), 3);
  assertThrows(() => framing(new Uint8Array([0, 0, 2])), RangeError, "prefix alone has 3 bytes");
  assertThrows(() => framing(new Uint8Array([0, 0, 0])), RangeError, "Its length is 0");
});

Deno.test("lengthPrefixed() gives a length over 2 ** 53 that is over every limit", () => {
  const framing = lengthPrefixed({ bytes: 8 });
  for (const value of [2n ** 53n, 2n ** 63n + 5n, 2n ** 64n - 1n]) {
    const length = framing(prefix(8, false, value)) ?? 0;
    assertEquals(length > Number.MAX_SAFE_INTEGER, true);
  }
});

Deno.test("lengthPrefixed() refuses options that cannot be", () => {
  for (const bytes of [0, 3, 16, 1.5, NaN, "4", null]) {
    assertThrows(
      () => lengthPrefixed({ bytes: bytes as 4 }),
      RangeError,
      `length of ${shown(bytes)}`,
    );
  }
  for (const offset of [-1, 0.5, NaN, Infinity, 65537, "0" as unknown as number]) {
    assertThrows(() => lengthPrefixed({ offset }), RangeError, `at ${shown(offset)}`);
  }
  const farthest = lengthPrefixed({ offset: 65536, bytes: 1 });
  assertEquals([65536, 65537].map((size) => farthest(new Uint8Array(size))), [undefined, 65537]);
  assertThrows(() => lengthPrefixed({ counts: "all" as "body" }), RangeError, '"body" or "frame"');
});

Deno.test("delimited() ends a frame behind the first delimiter", () => {
  for (const text of ["\n", "a\n", "abc\n"]) {
    assertEquals(delimited()(encode(text + "rest\n")), text.length);
    assertEquals(delimited(10).body?.(encode(text)), encode(text.slice(0, -1)));
  }
  assertEquals(delimited()(encode("no end")), undefined);
  assertEquals(delimited()(new Uint8Array(0)), undefined);
  assertEquals(delimited(0)(new Uint8Array([1, 0])), 2);
  assertEquals(delimited(255)(new Uint8Array([1, 255])), 2);
});

Deno.test("delimited() takes several bytes, which may begin inside of one another", () => {
  const framing = delimited(encode("aab"));
  assertEquals(framing(encode("aaab")), 4);
  assertEquals(framing(encode("aaaaa")), undefined);
  assertEquals(framing(encode("abaab..")), 5);
  assertEquals(framing.body?.(encode("abaab")), encode("ab"));
  assertEquals(delimited(encode("\r\n\r\n"))(encode("a\r\n\r\r\n\r\n")), 8);
});

Deno.test("delimited() copies its delimiter", () => {
  const mark = new Uint8Array([1, 2]);
  const framing = delimited(mark);
  mark.fill(0);
  assertEquals(framing(new Uint8Array([0, 1, 2])), 3);
});

Deno.test("delimited() refuses what is no delimiter", () => {
  for (const byte of [-1, 256, 0.5, NaN, Infinity]) {
    assertThrows(() => delimited(byte), RangeError, `by ${byte}`);
  }
  assertThrows(() => delimited(new Uint8Array(0)), RangeError, "an empty Uint8Array");
  for (const it of ["\n", null, [10], {}]) {
    assertThrows(() => delimited(it as unknown as number), TypeError, "give a byte");
  }
});

Deno.test("delimited() finds the same end when it continues where it left off", () => {
  const bytes = fc.uint8Array({ min: 0, max: 1, minLength: 1, maxLength: 40 });
  const mark = fc.uint8Array({ min: 0, max: 1, minLength: 1, maxLength: 4 });
  fc.assert(fc.property(bytes, mark, fc.nat(8), (all, delimiter, start) => {
    const framing = delimited(delimiter);
    const end = frameEndOf(framing);
    const memory = new Uint8Array([...new Uint8Array(start).fill(1), ...all]);
    const text = all.join("").indexOf(delimiter.join(""));
    const expected = text < 0 ? undefined : text + delimiter.length;
    assertEquals(framing(all), expected);
    let seen = 0;
    for (let there = 1; there <= all.length; there++) {
      const found = end(memory, start, start + there, seen);
      if (found === undefined) seen = there;
      else return assertEquals({ found, there }, { found: expected, there: expected });
    }
    assertEquals(expected, undefined);
  }));
});

Deno.test("frameEndOf() shows a framing of the user's what is there", () => {
  const shown: Uint8Array[] = [];
  const end = frameEndOf((head) => (shown.push(head), undefined));
  assertEquals(end(new Uint8Array([1, 2, 3, 4]), 1, 3, 2), undefined);
  assertEquals(shown, [new Uint8Array([2, 3])]);
});
