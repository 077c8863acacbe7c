import type { StatLayout } from "../../ffi/platform/mod.ts";

/** `struct stat` of Linux, which keeps no time of birth. */
export const linuxStats: Readonly<Record<string, StatLayout>> = {
  "linux-x86_64": {
    size: 144,
    dev: [0, 8],
    ino: [8, 8],
    nlink: [16, 8],
    mode: [24, 4],
    uid: [28, 4],
    gid: [32, 4],
    rdev: [40, 8],
    length: [48, 8],
    blksize: [56, 8],
    blocks: [64, 8],
    atime: 72,
    mtime: 88,
    ctime: 104,
    birthtime: 104,
  },
  "linux-aarch64": {
    size: 128,
    dev: [0, 8],
    ino: [8, 8],
    mode: [16, 4],
    nlink: [20, 4],
    uid: [24, 4],
    gid: [28, 4],
    rdev: [32, 8],
    length: [48, 8],
    blksize: [56, 4],
    blocks: [64, 8],
    atime: 72,
    mtime: 88,
    ctime: 104,
    birthtime: 104,
  },
};
