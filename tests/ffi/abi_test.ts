// A process of its own, because native code is compiled before the first test.
// Time limit: 300 s, because crates are compiled once.

/** What the tables hold, against what this platform's own headers say. */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { constantsOf } from "../../ffi/platform/constants.ts";
import { MISSING, platform, type StatLayout } from "../../ffi/platform/mod.ts";
import {
  type AnyStruct,
  compareBeside,
  compareConstant,
  compareErrnoNames,
  compareStruct,
  compareTable,
  constantsBelow,
} from "./abi/compare.ts";
import { linuxStats } from "./linux_stat.ts";
import { type Native, openNative, STRUCT_WITNESSES, testNative, WITNESSES } from "./abi/native.ts";

const native = await openNative();

testNative(native, "platform has every constant and struct as the headers do", (native) => {
  assertEquals(compareTable(native, platform), []);
});

testNative(native, "platform.errnoNames has every error number as the headers do", (native) => {
  assertEquals(compareErrnoNames(native, platform.errnoNames), []);
});

testNative(native, "constantsOf() has every constant as the headers do", (native) => {
  const { name } = platform;
  const differences = Object.entries(constantsOf(platform)).flatMap(([constant, value]) =>
    compareConstant(native, { name }, constant, value ?? MISSING)
  );
  assertEquals(differences, []);
  assert(compareConstant(native, { name }, "SO_REUSEADDR", MISSING).length > 0);
});

testNative(native, "compareTable() reports what no source confirms", (native) => {
  const added = {
    SO_INVENTED: 77,
    O_INVENTED: 1,
    thing: { size: 8, at: [0, 8] },
    list: ["x"],
    odd: true,
  };
  assertEquals(compareTable(native, { ...platform, ...added }), [
    "SO_INVENTED is 77 in the table and no source confirms it (is it in ffi/abi/names?)",
    "O_INVENTED is 1 in the table and no source confirms it (is it in ffi/abi/names?)",
    "struct thing is in the table and no source confirms it (is it in ffi/abi/names?)",
    "list is in the table and no check knows its kind",
    "odd is in the table and no check knows its kind",
  ]);
  const field = { ...platform, iovec: { ...platform.iovec, iov_extra: [8, 8] } };
  assertEquals(compareTable(native, field), [
    "iovec.iov_extra is in the table and no source confirms it (is it in ffi/abi/names?)",
  ]);
});

testNative(native, "compareTable() reports a wrong value, offset, width and size", (native) => {
  const [constant] = compareTable(native, { ...platform, SO_TYPE: platform.SO_TYPE + 1 });
  assertStringIncludes(constant ?? "", `SO_TYPE is ${platform.SO_TYPE + 1} in the table`);
  const wrong: AnyStruct[] = [
    { ...platform.msghdr, size: 52 },
    { ...platform.msghdr, msg_flags: [platform.msghdr.msg_flags[0] + 4, 4] },
    { ...platform.msghdr, msg_iovlen: [24, 2] },
  ];
  for (const msghdr of wrong) {
    // Both the libc crate and the headers object.
    assertEquals(compareStruct(native, "msghdr", msghdr).length, STRUCT_WITNESSES.length);
  }
});

const beside = ["../../ffi/", "../../lib/"].flatMap((it) =>
  constantsBelow(new URL(it, import.meta.url))
);

testNative(native, "constants beside their calls are as the headers have them", (native) => {
  assertEquals(compareBeside(native, beside), []);
  const wrong = { file: "x.ts", name: "SOCK_STREAM", value: 17 };
  assert(compareBeside(native, [wrong]).length > 1);
});

testNative(
  native,
  "names/constants.txt asks for nothing that the module does not use",
  (native) => {
    const used = new Set([
      ...Object.keys(platform),
      ...Object.keys(constantsOf(platform)),
      ...beside.map(({ name }) => name),
    ]);
    const idle = [...native.constantNames()].filter((it) =>
      !used.has(it) && !/^E[A-Z0-9]+$/.test(it)
    );
    assertEquals(idle, []);
  },
);

testNative(
  native,
  "platform.cmsgAlignment gives CMSG_ALIGN, CMSG_LEN and CMSG_SPACE for 0 to 4096",
  (native) => {
    const align = (length: number): number =>
      Math.ceil(length / platform.cmsgAlignment) * platform.cmsgAlignment;
    const header = align(platform.cmsghdr.size);
    for (const witness of STRUCT_WITNESSES) {
      for (let length = 0; length <= 4096; length++) {
        const expected = {
          align: align(length),
          len: header + length,
          space: header + align(length),
        };
        assertEquals(native.cmsg(witness, length), expected, `${WITNESSES[witness]}, ${length}`);
      }
    }
  },
);

/** A value of 64 bits that tells every byte of every field apart. */
function pattern(index: number): bigint {
  const bytes = Uint8Array.from({ length: 8 }, (_, byte) => 0x10 * ((index % 15) + 1) + byte);
  return new DataView(bytes.buffer).getBigInt64(0, true);
}

/** The struct as this module lays it out: the low bytes of each value at the field's place. */
function laidOut(native: Native, name: string, ours: AnyStruct): [Map<number, bigint>, Uint8Array] {
  const bytes = new Uint8Array(ours.size);
  const values = new Map<number, bigint>();
  for (const { name: field, index } of native.struct(1, name)?.fields ?? []) {
    const place = ours[field];
    if (typeof place !== "object") continue;
    const value = pattern(index);
    values.set(index, value);
    const little = new Uint8Array(new BigInt64Array([value]).buffer);
    bytes.set(little.subarray(0, Math.min(8, place[1])), place[0]);
  }
  return [values, bytes];
}

testNative(native, "platform lays every struct out byte for byte as native code does", (native) => {
  const structs = Object.entries(platform).filter(([name, it]) =>
    typeof it === "object" && "size" in it && it.size > 0 && name !== "stat"
  );
  const seen: string[] = [];
  for (const [name, ours] of structs) {
    const [values, bytes] = laidOut(native, name, ours);
    for (const witness of STRUCT_WITNESSES) {
      const image = native.image(witness, name, values);
      if (image === undefined) continue;
      assertEquals(image, bytes, `struct ${name}, ${WITNESSES[witness]}`);
      seen.push(name);
    }
  }
  for (const [name] of structs) {
    assert(seen.includes(name), `no image of struct ${name}`);
  }
});

/** The C names behind the fields of a {@linkcode StatLayout}. */
type StatNames = Record<keyof StatLayout, string | readonly [string, string] | undefined>;

const STATX: StatNames = {
  size: undefined,
  dev: ["stx_dev_major", "stx_dev_minor"],
  rdev: ["stx_rdev_major", "stx_rdev_minor"],
  ino: "stx_ino",
  mode: "stx_mode",
  nlink: "stx_nlink",
  uid: "stx_uid",
  gid: "stx_gid",
  length: "stx_size",
  blksize: "stx_blksize",
  blocks: "stx_blocks",
  atime: "stx_atime",
  mtime: "stx_mtime",
  ctime: "stx_ctime",
  birthtime: "stx_btime",
};

const STAT: StatNames = {
  size: undefined,
  dev: "st_dev",
  rdev: "st_rdev",
  ino: "st_ino",
  mode: "st_mode",
  nlink: "st_nlink",
  uid: "st_uid",
  gid: "st_gid",
  length: "st_size",
  blksize: "st_blksize",
  blocks: "st_blocks",
  atime: "st_atimespec",
  mtime: "st_mtimespec",
  ctime: "st_ctimespec",
  birthtime: "st_birthtimespec",
};

/** Linux names the times otherwise, and has none of birth: the last change takes its place. */
const LINUX_STAT: StatNames = {
  ...STAT,
  atime: "st_atim",
  mtime: "st_mtim",
  ctime: "st_ctim",
  birthtime: "st_ctim",
};

/** Where the headers have what a {@linkcode StatLayout} names. */
function statLayout(native: Native, struct: string, names: StatNames): Record<string, unknown> {
  const { size, fields } = native.struct(1, struct) ?? { size: 0, fields: [] };
  const place = (name: string): [number, number] => {
    const { offset = -1, width = -1 } = fields.find((it) => it.name === name) ?? {};
    return [offset, width];
  };
  const layout: Record<string, unknown> = { size };
  for (const [ours, theirs] of Object.entries(names)) {
    if (typeof theirs === "object") layout[ours] = theirs.map(place);
    else if (theirs !== undefined) {
      layout[ours] = ours.endsWith("time") ? place(theirs)[0] : place(theirs);
    }
  }
  return layout;
}

testNative(native, "platform.stat has every field where the headers do", (native) => {
  const linux = Deno.build.os === "linux";
  const expected = linux ? statLayout(native, "statx", STATX) : statLayout(native, "stat", STAT);
  assertEquals({ ...platform.stat }, expected);
  const [pair, offsets] = linux ? ["statx_timestamp", [0, 8]] : ["timespec", [0, 8]];
  assertEquals(native.struct(1, pair)?.fields.map(({ offset }) => offset), offsets);
});

testNative(
  native,
  "linuxStats, for systems without statx(2), has every field where the headers do",
  (native) => {
    const stat = linuxStats[platform.name];
    if (stat !== undefined) assertEquals({ ...stat }, statLayout(native, "stat", LINUX_STAT));
  },
);

testNative(native, "platform.sockaddrHasLength says whether sun_len comes first", (native) => {
  const fields = native.struct(1, "sockaddr_un")?.fields ?? [];
  const first = fields.find((field) => field.offset === 0);
  assertEquals(platform.sockaddrHasLength, first?.name === "sun_len");
});
