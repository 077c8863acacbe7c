/**
 * The part of the FUSE protocol that a read-only file system needs, by `<linux/fuse.h>` and
 * fuse(4). Numbers are in the byte order of the machine; those that run Deno are little-endian.
 *
 * @module
 */

/** A request of the kernel. */
export interface Request {
  readonly opcode: number;
  /** Names the request in its answer. */
  readonly unique: bigint;
  /** The file that it is about: 1 is the root. */
  readonly node: bigint;
  readonly body: DataView<ArrayBuffer>;
}

/** What the file system has under one number. */
export interface Node {
  readonly name: string;
  /** The content of a file; a folder has none. */
  readonly content?: Uint8Array;
}

/** Operations, by `enum fuse_opcode`. */
export const Op = {
  LOOKUP: 1,
  FORGET: 2,
  GETATTR: 3,
  OPEN: 14,
  READ: 15,
  RELEASE: 18,
  INIT: 26,
  OPENDIR: 27,
  READDIR: 28,
  RELEASEDIR: 29,
  DESTROY: 38,
  BATCH_FORGET: 42,
} as const;

/** Error numbers of answers. */
export const ENOENT = 2, ENOSYS = 38;

const IN_HEADER = 40, OUT_HEADER = 16, ATTRIBUTES = 88;
const S_IFDIR = 0o040000, S_IFREG = 0o100000, DT_DIR = 4, DT_REG = 8;

/** Parse a request. */
export function parse(bytes: Uint8Array<ArrayBuffer>): Request {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    opcode: view.getUint32(4, true),
    unique: view.getBigUint64(8, true),
    node: view.getBigUint64(16, true),
    body: new DataView(bytes.buffer, bytes.byteOffset + IN_HEADER, bytes.byteLength - IN_HEADER),
  };
}

/** Return an answer: an error number, 0 for none, and what follows the header. */
export function answer(
  { unique }: Request,
  error: number,
  body: Uint8Array = new Uint8Array(),
): Uint8Array {
  const bytes = new Uint8Array(OUT_HEADER + body.byteLength);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, bytes.byteLength, true);
  view.setInt32(4, -error, true);
  view.setBigUint64(8, unique, true);
  bytes.set(body, OUT_HEADER);
  return bytes;
}

/** `struct fuse_init_out`: protocol 7.31, no features. */
export function init(request: DataView): Uint8Array {
  const bytes = new Uint8Array(64);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 7, true);
  view.setUint32(4, Math.min(31, request.getUint32(4, true)), true);
  view.setUint32(8, request.getUint32(8, true), true); // max_readahead
  view.setUint32(20, 65536, true); // max_write
  return bytes;
}

/** `struct fuse_attr_out`, or with `entry` `struct fuse_entry_out`. */
export function attributes(number: bigint, node: Node, entry = false): Uint8Array {
  const start = entry ? 40 : 16;
  const bytes = new Uint8Array(start + ATTRIBUTES);
  const view = new DataView(bytes.buffer);
  if (entry) view.setBigUint64(0, number, true); // nodeid; nothing is cached
  const size = BigInt(node.content?.byteLength ?? 0);
  view.setBigUint64(start, number, true);
  view.setBigUint64(start + 8, size, true);
  view.setBigUint64(start + 16, (size + 511n) / 512n, true);
  const mode = node.content === undefined ? S_IFDIR | 0o555 : S_IFREG | 0o444;
  view.setUint32(start + 60, mode, true);
  view.setUint32(start + 64, node.content === undefined ? 2 : 1, true); // nlink
  view.setUint32(start + 80, 4096, true); // blksize
  return bytes;
}

/** The entries of a folder from `offset` on, as `struct fuse_dirent`, in at most `size` bytes. */
export function entries(
  list: readonly (readonly [number: bigint, node: Node])[],
  offset: number,
  size: number,
): Uint8Array {
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  let used = 0;
  for (const [place, [number, node]] of [...list.entries()].slice(offset)) {
    const name = new TextEncoder().encode(node.name);
    const end = used + 24 + Math.ceil(name.byteLength / 8) * 8;
    if (end > size) break;
    view.setBigUint64(used, number, true);
    view.setBigUint64(used + 8, BigInt(place + 1), true); // where the next read goes on
    view.setUint32(used + 16, name.byteLength, true);
    view.setUint32(used + 20, node.content === undefined ? DT_DIR : DT_REG, true);
    bytes.set(name, used + 24);
    used = end;
  }
  return bytes.subarray(0, used);
}
