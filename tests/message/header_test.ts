import { assertEquals } from "@std/assert";
import { addressOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import { recvmsg, sendmsg } from "../../ffi/syscalls/sockets.ts";
import { Header, MAX_VECTORS, SMALL_SIZE } from "../../lib/message/header.ts";
import { bytes, connected, gcTest, isForgotten, test, text } from "../util/cases.ts";

const { msghdr } = platform;

/** The fields of a header as numbers. */
function fields(header: Header): Record<string, bigint | number> {
  const view = new DataView(header.bytes.buffer, header.bytes.byteOffset, header.bytes.byteLength);
  const read = ([offset, width]: readonly [number, number]): bigint | number =>
    width === 8 ? view.getBigUint64(offset, true) : view.getUint32(offset, true);
  return {
    name: read(msghdr.msg_name),
    namelen: Number(read(msghdr.msg_namelen)),
    iov: read(msghdr.msg_iov),
    iovlen: Number(read(msghdr.msg_iovlen)),
    control: read(msghdr.msg_control),
    controllen: Number(read(msghdr.msg_controllen)),
    flags: read(msghdr.msg_flags),
  };
}

/** Send what `header` points at through a socket pair: the bytes that arrive. */
function through(header: Header): string {
  using pair = connected();
  const sent = sendmsg(pair.a.fd, header.location, platform.MSG_DONTWAIT);
  const into = new Uint8Array(65536);
  return sent <= 0 ? `${sent}` : text(into.subarray(0, pair.b.readSync(into) ?? 0));
}

Deno.test("Header starts without vectors, name, control data and flags", () => {
  const { iov, ...rest } = fields(new Header());
  assertEquals(typeof iov, "bigint");
  assertEquals(rest, { name: 0n, namelen: 0, iovlen: 0, control: 0n, controllen: 0, flags: 0 });
});

test("setVectors() points at every piece, in order", () => {
  const header = new Header();
  header.setVectors([bytes("ab"), bytes(""), bytes("cde")]);
  assertEquals(through(header), "abcde");
});

test("setVectors() leaves out what lies before the skipped bytes", () => {
  const header = new Header();
  const vectors = ["ab", "", "cde", "f"].map(bytes);
  ["abcdef", "bcdef", "cdef", "def", "ef", "f"].forEach((rest, skip) => {
    header.setVectors(vectors, skip);
    assertEquals(through(header), rest);
  });
  header.setVectors(vectors, 6);
  assertEquals(fields(header).iovlen, 0);
});

test("setVectors() stops after as many bytes as are asked for", () => {
  const header = new Header();
  const vectors = ["ab", "", "cde", "f"].map(bytes);
  ["a", "ab", "abc", "abcd", "abcde", "abcdef", "abcdef"].forEach((part, n) => {
    header.setVectors(vectors, 0, n + 1);
    assertEquals(through(header), part);
  });
  header.setVectors(vectors, 1, 3);
  assertEquals(through(header), "bcd");
});

test("setVectors() takes more than fit into the header's own memory", () => {
  const header = new Header();
  const vectors = Array.from({ length: 500 }, (_, n) => bytes(String.fromCharCode(97 + n % 26)));
  const all = vectors.map((it) => text(it)).join("");
  header.setVectors(vectors);
  assertEquals(through(header), all);
  header.setVectors([bytes("x")]);
  assertEquals(through(header), "x");
});

test("setVectors() takes no more than one call can", () => {
  const header = new Header();
  header.setVectors(Array.from({ length: MAX_VECTORS + 5 }, () => bytes("a")));
  assertEquals(fields(header).iovlen, MAX_VECTORS);
  assertEquals(through(header).length, MAX_VECTORS);
});

test("setVectors() looks addresses up anew, as memory moves", () => {
  const header = new Header();
  const memory = new Uint8Array(new ArrayBuffer(8, { maxByteLength: 16 })).fill(97);
  header.setVectors([memory]);
  memory.buffer.resize(2);
  header.setVectors([memory]);
  assertEquals(through(header), "aa");
});

test("setSingleVector() points at a part, never past the end", () => {
  const header = new Header();
  for (const [length, rest] of [[undefined, "abc"], [2, "ab"], [9, "abc"]] as const) {
    header.setSingleVector(bytes("abc"), length);
    assertEquals(through(header), rest);
  }
});

test("setSingleVector() of the same memory again sees its current length", () => {
  for (const size of [3, 66_000]) { // the larger is not kept reachable for its address
    const header = new Header();
    const memory = new Uint8Array(new ArrayBuffer(size, { maxByteLength: 2 * size })).fill(97);
    const arrived = (): [number, string] => {
      header.setSingleVector(memory);
      const all = through(header);
      return [all.length, all.slice(0, 3)];
    };
    const most = Math.min(size, 65536);
    assertEquals({ first: arrived(), second: arrived() }, {
      first: [most, "aaa"],
      second: [most, "aaa"],
    });
    memory.fill(98);
    assertEquals(arrived(), [most, "bbb"]);
    memory.buffer.resize(2);
    assertEquals(arrived(), [2, "bb"]);
    memory.buffer.resize(2 * size);
    assertEquals(arrived(), [Math.min(2 * size, 65536), "bb\0"]);
    const moved = new Uint8Array(memory.buffer.transfer());
    header.setSingleVector(memory);
    assertEquals(through(header), "0");
    header.setSingleVector(moved);
    assertEquals(through(header).length, Math.min(2 * size, 65536));
  }
});

test("setRepeated() points at the same memory as often as it takes, and at nothing else", () => {
  const header = new Header();
  header.setVectors([bytes("other")]);
  header.setRepeated(bytes("ab"), 5, 0);
  assertEquals(fields(header).iovlen, 3);
  assertEquals(through(header), "ababa");
});

gcTest("a header keeps no large memory, however it was used", async () => {
  const header = new Header();
  const uses = [
    (memory: Uint8Array) => header.setSingleVector(memory),
    (memory: Uint8Array) => header.setVectors([memory]),
    (memory: Uint8Array) => header.setRepeated(memory, 1, 0),
  ];
  for (const use of uses) {
    const gone = await isForgotten(() => {
      const memory = new Uint8Array(50 << 20);
      use(memory);
      return memory.buffer;
    });
    assertEquals(gone, true, `${use}`);
  }
});

Deno.test("setCopy() keeps small data as it was, and copyTo() gives what is in that place", () => {
  const header = new Header();
  const data = new Uint8Array(SMALL_SIZE).map((_, i) => i);
  header.setCopy(data, 3);
  data.fill(0xff);
  const taken = new Uint8Array(4).fill(9);
  header.copyTo(taken, 3);
  assertEquals([...taken], [0, 1, 2, 9]);
  header.setCopy(data, SMALL_SIZE);
  const all = new Uint8Array(SMALL_SIZE);
  header.copyTo(all, SMALL_SIZE);
  assertEquals(all, data);
});

Deno.test("setName() points at a copy of the address, or at none", () => {
  const header = new Header();
  header.setName(new Uint8Array([1, 0, 97]));
  const { name, namelen } = fields(header);
  assertEquals({ namelen, name }, { namelen: 3, name: BigInt(addressOf(header.name)) });
  assertEquals([...header.name.subarray(0, 3)], [1, 0, 97]);
  header.setName(null);
  assertEquals({ name: fields(header).name, namelen: fields(header).namelen }, {
    name: 0n,
    namelen: 0,
  });
});

Deno.test("receiveName() makes space for the longest address the kernel reports", () => {
  const header = new Header();
  header.receiveName();
  assertEquals(header.nameLength, 128);
  assertEquals(fields(header).name, BigInt(addressOf(header.name)));
});

Deno.test("setControl() points at nothing when there is no control data", () => {
  const header = new Header();
  header.setControl(64, 24);
  assertEquals({ control: fields(header).control, controlLength: header.controlLength }, {
    control: 64n,
    controlLength: 24,
  });
  header.setControl(64, 0);
  assertEquals({ control: fields(header).control, controlLength: header.controlLength }, {
    control: 0n,
    controlLength: 0,
  });
});

test("flags are those of the last message that arrived", () => {
  using pair = connected("dgram");
  for (const it of ["abc", "d"]) pair.a.writeSync(bytes(it));
  const header = new Header();
  header.setVectors([new Uint8Array(1)]);
  recvmsg(pair.b.fd, header.location, platform.MSG_DONTWAIT);
  assertEquals(header.flags & platform.MSG_TRUNC, platform.MSG_TRUNC);
  recvmsg(pair.b.fd, header.location, platform.MSG_DONTWAIT);
  assertEquals(header.flags & platform.MSG_TRUNC, 0);
});
