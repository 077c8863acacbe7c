// A process of its own, because native code is compiled for other systems.
// Time limit: 300 s, because crates are compiled once.

/** The macOS table, against the `libc` crate's idea of macOS, on any system with the Rust target. */

import { assertEquals } from "@std/assert";
import type { Platform } from "../../ffi/platform/mod.ts";
import { peer, testUnless } from "../util/peers.ts";
import { testNeeding } from "./abi/native.ts";
import { type AnyStruct, LEFT_OUT } from "./abi/compare.ts";
import { constantsOf } from "../../ffi/platform/constants.ts";
import {
  canAddTargets,
  constantStatements,
  type Exceptions,
  statements,
  unfulfilled,
  whyNoTarget,
} from "./abi/statements.ts";
import { darwinArm64, darwinX64 } from "../util/platforms.ts";

const EXCEPTIONS: Exceptions = {
  unknown: new Set([]),
  leftOut: new Set(LEFT_OUT.darwin),
};

/** `struct stat` in the names of C, with each time as the pair of seconds and nanoseconds it is. */
function statOf({ stat }: Platform): AnyStruct {
  const time = (name: string, offset: number): [string, [number, number]][] => [
    [name, [offset, 8]],
    [`${name}_nsec`, [offset + 8, 8]],
  ];
  return {
    size: stat.size,
    st_dev: stat.dev as [number, number],
    st_rdev: stat.rdev as [number, number],
    st_ino: stat.ino,
    st_mode: stat.mode,
    st_nlink: stat.nlink,
    st_uid: stat.uid,
    st_gid: stat.gid,
    st_size: stat.length,
    st_blksize: stat.blksize,
    st_blocks: stat.blocks,
    ...Object.fromEntries([
      ...time("st_atime", stat.atime),
      ...time("st_mtime", stat.mtime),
      ...time("st_ctime", stat.ctime),
      ...time("st_birthtime", stat.birthtime),
    ]),
  };
}

const TARGETS: [string, Platform][] = [
  ["aarch64-apple-darwin", darwinArm64],
  ["x86_64-apple-darwin", darwinX64],
];

/** The constants that the table has not stated already. */
function onlyPublic(table: Platform): Record<string, number | undefined> {
  return Object.fromEntries(
    Object.entries(constantsOf(table)).filter(([name]) => !(name in table)),
  );
}

/** Like any other peer, a target must be there where peers are required, if it can be had at all. */
function testWithTarget(target: string, name: string, fn: () => Promise<void>): void {
  const reason = peer("cargo") ? whyNoTarget(target) : "cargo is not installed";
  (canAddTargets() ? testNeeding : testUnless)(reason, name, fn);
}

for (const [target, table] of TARGETS) {
  testWithTarget(target, `the table of ${table.name} agrees with the libc crate`, async () => {
    const claims = statements(table, statOf(table), EXCEPTIONS) +
      constantStatements(onlyPublic(table));
    assertEquals(await unfulfilled(target, claims), "");
  });
}

const [target, table] = TARGETS[0] ?? ["", darwinArm64];
testWithTarget(
  target,
  "unfulfilled() names wrong and unknown constants, offsets and widths",
  async () => {
    const wrong: Platform & Record<string, unknown> = {
      ...table,
      SO_TYPE: 3,
      SO_INVENTED: 7,
      iovec: { ...table.iovec, iov_len: [4, 8] },
      pollfd: { ...table.pollfd, revents: [6, 4] },
    };
    const found = await unfulfilled(target, statements(wrong, statOf(table), EXCEPTIONS));
    const named = [...found.matchAll(/panicked: (\w+)/g)].map((match) => match[1]);
    assertEquals(named.sort(), ["SO_INVENTED", "SO_TYPE", "iov_len", "revents"]);
  },
);
