/**
 * Byte images of macOS, made by hand from Apple's published headers: `bsd/sys/socket.h`, `bsd/sys/un.h`,
 * `bsd/sys/_types/_iovec_t.h` and `bsd/sys/poll.h` of XNU. The codecs work from a table, so they write
 * for macOS on any system.
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { libc } from "../../ffi/libc.ts";
import { addressOf } from "../../ffi/memory.ts";
import { replacePlatform } from "../../ffi/platform/mod.ts";
import {
  cmsgAlign,
  cmsgLen,
  cmsgSpace,
  parseControl,
  writeControl,
  writeDescriptors,
} from "../../lib/message/cmsg.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import { Header } from "../../lib/message/header.ts";
import { decodeSockaddr, encodeSockaddr, parseAddress } from "../../lib/address/sockaddr.ts";
import { darwinArm64, darwinX64 } from "../util/platforms.ts";

const mac = darwinArm64;

/** Bytes from hexadecimal digits; blanks set fields apart. */
function hex(text: string): Uint8Array {
  return Uint8Array.fromHex(text.replaceAll(/\s/g, ""));
}

function pointer(address: bigint): string {
  return new Uint8Array(new BigUint64Array([address]).buffer).toHex();
}

Deno.test("both processors of macOS share every value and layout", () => {
  const { name: _a, variadicOnStack: onStack, ...arm64 } = darwinArm64;
  const { name: _b, variadicOnStack: inRegisters, ...x64 } = darwinX64;
  assertEquals(arm64, x64);
  assertEquals({ onStack, inRegisters }, { onStack: true, inRegisters: false });
});

Deno.test("encodeSockaddr() puts sun_len first, one byte wide, and counts the whole address", () => {
  // sun_len 16, sun_family AF_UNIX, sun_path "/run/app.sock" and its NUL
  const image = hex("10 01 2f72756e2f6170702e736f636b 00");
  assertEquals(encodeSockaddr(parseAddress("/run/app.sock", mac), mac), image);
  assertEquals(decodeSockaddr(image, 16, mac), new TextEncoder().encode("/run/app.sock"));
});

Deno.test("encodeSockaddr() fills the 104 bytes of sun_path, and no more", () => {
  const longest = encodeSockaddr(parseAddress("x".repeat(104), mac), mac);
  assertEquals(longest, hex(`6a 01 ${"78".repeat(104)}`));
  const tooLong = parseAddress("x".repeat(105), mac);
  assertThrows(() => encodeSockaddr(tooLong, mac), InvalidAddressError);
});

Deno.test("parseAddress() refuses abstract names", () => {
  assertThrows(() => parseAddress("@app", mac), InvalidAddressError, "only Linux");
});

Deno.test("decodeSockaddr() takes what the kernel gives for an unnamed socket", () => {
  // a struct sockaddr with sa_len 16 and sa_family AF_UNIX, the rest zero
  assertEquals(decodeSockaddr(hex(`10 01 ${"00".repeat(14)}`), 16, mac), null);
  assertEquals(decodeSockaddr(hex(""), 0, mac), null);
});

Deno.test("cmsgAlign(), cmsgLen() and cmsgSpace() work in steps of 4 behind 12 bytes", () => {
  const lengths = [0, 1, 3, 4, 5, 8, 9, 12, 1012];
  assertEquals(lengths.map((it) => cmsgAlign(it, mac)), [0, 4, 4, 4, 8, 8, 12, 12, 1012]);
  assertEquals(lengths.map((it) => cmsgLen(it, mac)), [12, 13, 15, 16, 17, 20, 21, 24, 1024]);
  assertEquals(lengths.map((it) => cmsgSpace(it, mac)), [12, 16, 16, 16, 20, 20, 24, 24, 1024]);
});

// cmsg_len 24, cmsg_level SOL_SOCKET (0xffff), cmsg_type SCM_RIGHTS, the descriptors 3, 4 and 257
const RIGHTS = "18000000 ffff0000 01000000 03000000 04000000 01010000";
// cmsg_len 13, another type, a payload of one byte and three of padding
const OTHER = "0d000000 ffff0000 03000000 2a 000000";

Deno.test("writeControl() writes a 12-byte cmsghdr with a 32-bit length, aligned to 4", () => {
  const bytes = new Uint8Array(40);
  const { SOL_SOCKET, SCM_RIGHTS } = mac;
  writeDescriptors(writeControl(bytes, 0, SOL_SOCKET, SCM_RIGHTS, 12, mac), [3, 4, 257]);
  writeControl(bytes, 24, SOL_SOCKET, 3, 1, mac).set([42]);
  assertEquals(bytes, hex(RIGHTS + OTHER));
});

Deno.test("parseControl() steps by 4 and cuts a length that exceeds the buffer", () => {
  const items = parseControl(hex(RIGHTS + OTHER), mac);
  assertEquals(items.map(({ level, type, data }) => [level, type, data.toHex()]), [
    [0xffff, 1, "030000000400000001010000"],
    [0xffff, 3, "2a"],
  ]);
  const cut = parseControl(hex(RIGHTS).subarray(0, 18), mac);
  assertEquals(cut.map(({ data }) => data.toHex()), ["030000000400"]);
});

Deno.test("Header writes a msghdr of 48 bytes with 32-bit msg_iovlen and msg_controllen", () => {
  const { memset } = libc(); // opened under its name on this system
  assert(memset !== null);
  const previous = replacePlatform(mac);
  try {
    const header = new Header();
    const data = new Uint8Array(new ArrayBuffer(513));
    const sockaddr = encodeSockaddr(parseAddress("/run/app.sock", mac), mac);
    header.setVectors([data, data]);
    header.setName(sockaddr);
    header.setControl(0x4455667788990, 24);
    const iov = header.bytes.slice(16, 24).toHex();
    assertEquals(
      header.bytes.slice(0, 48),
      hex(`
        ${pointer(BigInt(addressOf(header.name)))} 10000000 00000000
        ${iov} 02000000 00000000
        9089786756450400 18000000 00000000
      `),
    );
    const iovec = `${pointer(BigInt(addressOf(data)))} 0102000000000000`;
    assertEquals(pointedTo(hex(iov), 32), hex(iovec + iovec));
    assertEquals(header.name.slice(0, 16), sockaddr);
  } finally {
    replacePlatform(previous);
  }
});

/** What lies at the address that `pointer` holds. */
function pointedTo(pointer: Uint8Array, length: number): Uint8Array {
  const address = new DataView(pointer.buffer).getBigUint64(0, true);
  const opaque = Deno.UnsafePointer.create(address);
  if (opaque === null) throw new Error("a null pointer");
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(opaque, length)).slice();
}

Deno.test("Header reads what the kernel leaves in a msghdr of macOS", () => {
  const { memset } = libc();
  assert(memset !== null);
  const previous = replacePlatform(mac);
  try {
    const header = new Header();
    // msg_namelen 16, msg_controllen 24, msg_flags MSG_TRUNC | MSG_CTRUNC
    const left = `
      0000000000000000 10000000 00000000
      0000000000000000 02000000 00000000
      0000000000000000 18000000 30000000`;
    header.bytes.set(hex(left));
    assertEquals({
      nameLength: header.nameLength,
      controlLength: header.controlLength,
      flags: header.flags,
    }, { nameLength: 16, controlLength: 24, flags: 0x30 });
    assertEquals(0x30, mac.MSG_TRUNC | mac.MSG_CTRUNC);
  } finally {
    replacePlatform(previous);
  }
});

Deno.test("pollfd of macOS has a 32-bit descriptor and 16-bit events", () => {
  const { size, fd, events, revents } = mac.pollfd;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt32(fd[0], 7, true);
  view.setInt16(events[0], mac.POLLIN | mac.POLLOUT, true);
  view.setInt16(revents[0], mac.POLLHUP, true);
  assertEquals(bytes, hex("07000000 0500 1000"));
});
