import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import fc from "fast-check";
import {
  cmsgAlign,
  type CmsgLayout,
  cmsgLen,
  cmsgSpace,
  type ControlItem,
  parseControl,
  readCredentials,
  readDescriptors,
  UCRED_SIZE,
  writeControl,
  writeCredentials,
  writeDescriptors,
} from "../../lib/message/cmsg.ts";
import { darwinArm64 as darwin, linuxX64 as linux } from "../util/platforms.ts";

const layouts: Readonly<Record<string, CmsgLayout>> = {
  linux,
  darwin,
};

/** A control message to write. */
interface Wanted {
  readonly level: number;
  readonly type: number;
  readonly data: Uint8Array;
}

/** Write control messages one after the other, as a sender does. */
function written(items: readonly Wanted[], layout: CmsgLayout): Uint8Array {
  const space = items.reduce((sum, { data }) => sum + cmsgSpace(data.byteLength, layout), 0);
  const buffer = new Uint8Array(space);
  let offset = 0;
  for (const { level, type, data } of items) {
    writeControl(buffer, offset, level, type, data.byteLength, layout).set(data);
    offset += cmsgSpace(data.byteLength, layout);
  }
  return buffer;
}

function plain(items: readonly ControlItem[]): Wanted[] {
  return items.map(({ level, type, data }) => ({ level, type, data: data.slice() }));
}

/** A buffer with one header that claims `length`, in memory with more behind it that must not be seen. */
function claiming(length: bigint, layout: CmsgLayout, space: number): Uint8Array {
  const memory = new Uint8Array(space + 64).fill(0xee);
  const bytes = memory.subarray(0, space);
  const { cmsg_len, cmsg_level, cmsg_type } = layout.cmsghdr;
  const view = new DataView(memory.buffer);
  if (cmsg_len[1] === 8) view.setBigUint64(cmsg_len[0], length, true);
  else view.setUint32(cmsg_len[0], Number(BigInt.asUintN(32, length)), true);
  view.setInt32(cmsg_level[0], 1, true);
  view.setInt32(cmsg_type[0], 1, true);
  return bytes;
}

const int = fc.integer({ min: -0x80000000, max: 0x7fffffff });
const anyItem = fc.record(
  { level: int, type: int, data: fc.uint8Array({ maxLength: 64 }) },
  { noNullPrototype: true },
);

Deno.test("cmsgAlign(), cmsgLen() and cmsgSpace() count as the C macros do", () => {
  // length: CMSG_ALIGN, CMSG_LEN, CMSG_SPACE
  const table: readonly [CmsgLayout, number, number, number, number][] = [
    [linux, 0, 0, 16, 16],
    [linux, 1, 8, 17, 24],
    [linux, 4, 8, 20, 24],
    [linux, 8, 8, 24, 24],
    [linux, 12, 16, 28, 32],
    [linux, 253 * 4, 1016, 1028, 1032],
    [darwin, 0, 0, 12, 12],
    [darwin, 1, 4, 13, 16],
    [darwin, 4, 4, 16, 16],
    [darwin, 5, 8, 17, 20],
  ];
  for (const [layout, length, aligned, len, space] of table) {
    assertEquals(
      {
        cmsgAlign: cmsgAlign(length, layout),
        cmsgLen: cmsgLen(length, layout),
        cmsgSpace: cmsgSpace(length, layout),
      },
      { cmsgAlign: aligned, cmsgLen: len, cmsgSpace: space },
      `${length}`,
    );
  }
});

Deno.test("writeControl() lays out a Linux header as the kernel reads it", () => {
  const bytes = written([{ level: 1, type: 2, data: new Uint8Array([9, 8, 7]) }], linux);
  assertEquals(
    [...bytes],
    [19, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 9, 8, 7, 0, 0, 0, 0, 0],
  );
});

Deno.test("writeControl() lays out a macOS header as the kernel reads it", () => {
  const bytes = written([{ level: 0xffff, type: 1, data: new Uint8Array([9]) }], darwin);
  assertEquals([...bytes], [13, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0]);
});

Deno.test("writeControl() overwrites a length that was there before", () => {
  const buffer = new Uint8Array(24).fill(0xff);
  writeControl(buffer, 0, 1, 1, 4, linux);
  assertEquals([...buffer.subarray(0, 8)], [20, 0, 0, 0, 0, 0, 0, 0]);
});

for (const [name, layout] of Object.entries(layouts)) {
  const header = cmsgLen(0, layout);

  Deno.test(`parseControl() reads back what writeControl() wrote (${name})`, () => {
    fc.assert(fc.property(fc.array(anyItem, { maxLength: 6 }), (items) => {
      assertEquals(plain(parseControl(written(items, layout), layout)), items);
    }));
  });

  Deno.test(`parseControl() reads buffers that start in the middle of memory (${name})`, () => {
    fc.assert(fc.property(fc.array(anyItem, { maxLength: 4 }), fc.nat(17), (items, offset) => {
      const bytes = written(items, layout);
      const memory = new Uint8Array(bytes.byteLength + offset + 9);
      memory.set(bytes, offset);
      const part = memory.subarray(offset, offset + bytes.byteLength);
      assertEquals(plain(parseControl(part, layout)), items);
    }));
  });

  Deno.test(`parseControl() finds nothing where no header fits (${name})`, () => {
    for (let length = 0; length < layout.cmsghdr.size; length++) {
      assertEquals(parseControl(new Uint8Array(length).fill(1), layout), []);
    }
  });

  Deno.test(`parseControl() stops at a length below the header (${name})`, () => {
    const good = written([{ level: 1, type: 1, data: new Uint8Array(4) }], layout);
    for (let length = 0; length < header; length++) {
      const bad = claiming(BigInt(length), layout, 64);
      assertEquals(parseControl(bad, layout), [], `${length}`);
      const both = new Uint8Array([...good, ...bad]);
      assertEquals(parseControl(both, layout).length, 1, `${length}`);
    }
  });

  Deno.test(`parseControl() cuts a length past the end at the end (${name})`, () => {
    const near64 = 2n ** 64n;
    const lengths = [33n, 34n, 100n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n - 8n];
    if (layout.cmsghdr.cmsg_len[1] === 8) {
      lengths.push(2n ** 32n, 2n ** 53n, 2n ** 63n, near64 - 1n, near64 - 8n, near64 - 16n);
    }
    for (const length of lengths) {
      const [only, ...others] = parseControl(claiming(length, layout, 32), layout);
      assertEquals({ byteLength: only?.data.byteLength, otherCount: others.length }, {
        byteLength: 32 - header,
        otherCount: 0,
      }, `${length}`);
    }
  });

  Deno.test(`parseControl() takes a payload of every length, odd ones too (${name})`, () => {
    for (let length = 0; length <= 33; length++) {
      const data = new Uint8Array(length).fill(7);
      const items = [{ level: 1, type: 1, data }, { level: 2, type: 3, data: new Uint8Array([5]) }];
      assertEquals(plain(parseControl(written(items, layout), layout)), items);
    }
  });

  Deno.test(`parseControl() takes a last message without its padding (${name})`, () => {
    const data = new Uint8Array([1, 2, 3, 4, 5]);
    const bytes = written([{ level: 1, type: 1, data }], layout).subarray(0, header + 5);
    assertEquals(plain(parseControl(bytes, layout)), [{ level: 1, type: 1, data }]);
  });

  Deno.test(`parseControl() survives any bytes: it ends, and never reads past them (${name})`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(15), (hostile, offset) => {
      const memory = new Uint8Array(hostile.byteLength + offset + 32).fill(0xee);
      memory.set(hostile, offset);
      const bytes = memory.subarray(offset, offset + hostile.byteLength);
      const items = parseControl(bytes, layout);
      assertLessOrEqual(items.length, Math.ceil(bytes.byteLength / layout.cmsghdr.size));
      let end = 0;
      for (const { data } of items) {
        const start = data.byteOffset - bytes.byteOffset;
        assert(start >= end && start + data.byteLength <= bytes.byteLength);
        end = start + data.byteLength;
      }
    }));
  });

  Deno.test(`parseControl() survives small lengths in a row (${name})`, () => {
    const length = fc.constantFrom(
      0,
      1,
      header - 1,
      header,
      header + 1,
      header + 4,
      64,
      0xffffffff,
    );
    fc.assert(fc.property(fc.array(length, { minLength: 1, maxLength: 8 }), (lengths) => {
      const bytes = new Uint8Array(lengths.length * layout.cmsghdr.size);
      const view = new DataView(bytes.buffer);
      lengths.forEach((it, n) => view.setUint32(n * layout.cmsghdr.size, it, true));
      assertLessOrEqual(parseControl(bytes, layout).length, lengths.length);
    }));
  });
}

Deno.test("readDescriptors() reads back what writeDescriptors() wrote", () => {
  fc.assert(fc.property(fc.array(fc.nat(0x7fffffff), { maxLength: 253 }), (descriptors) => {
    const data = new Uint8Array(descriptors.length * 4);
    writeDescriptors(data, descriptors);
    assertEquals(readDescriptors(data), descriptors);
  }));
});

Deno.test("readDescriptors() makes no descriptor of bytes that are not a whole number", () => {
  for (
    const [length, count] of [[0, 0], [1, 0], [3, 0], [4, 1], [7, 1], [8, 2], [11, 2]] as const
  ) {
    assertEquals(readDescriptors(new Uint8Array(length)).length, count, `${length} bytes`);
  }
});

Deno.test("readCredentials() reads back what writeCredentials() wrote", () => {
  const id = fc.nat(0xffffffff);
  fc.assert(fc.property(fc.integer({ min: 1, max: 0x7fffffff }), id, id, (pid, uid, gid) => {
    const data = new Uint8Array(UCRED_SIZE);
    writeCredentials(data, { pid, uid, gid });
    assertEquals(readCredentials(data), { pid, uid, gid });
  }));
});

Deno.test("readCredentials() takes a sender outside of the PID namespace for known", () => {
  for (const [uid, gid] of [[0, 0], [1000, 1000], [65534, 0], [0, 65534]] as const) {
    const data = new Uint8Array(12);
    writeCredentials(data, { pid: 0, uid, gid });
    assertEquals(readCredentials(data), { pid: 0, uid, gid });
  }
});

Deno.test("readCredentials() takes nothing for real that is cut short", () => {
  const data = new Uint8Array(UCRED_SIZE);
  writeCredentials(data, { pid: 1, uid: 0, gid: 0 });
  for (let length = 0; length < UCRED_SIZE; length++) {
    assertEquals(readCredentials(data.subarray(0, length)), undefined, `${length} bytes`);
  }
});

Deno.test("readCredentials() takes nothing for real that came before it was asked for", () => {
  const data = new Uint8Array(UCRED_SIZE);
  writeCredentials(data, { pid: 0, uid: 65534, gid: 65534 });
  assertEquals(readCredentials(data), undefined);
});
