// A process of its own, because native code is compiled before the first test.
// Time limit: 300 s, because crates are compiled once.

/** The bytes that the codecs write, against those that native code writes with the macros of C. */

import { assert, assertEquals } from "@std/assert";
import { addressOf } from "../../ffi/memory.ts";
import { platform } from "../../ffi/platform/mod.ts";
import {
  cmsgSpace,
  parseControl,
  readCredentials,
  readDescriptors,
  UCRED_SIZE,
  writeControl,
  writeCredentials,
  writeDescriptors,
} from "../../lib/message/cmsg.ts";
import { Header } from "../../lib/message/header.ts";
import { decodeSockaddr, encodeSockaddr, parseAddress } from "../../lib/address/sockaddr.ts";
import { type Native, openNative, STRUCT_WITNESSES, testNative, WITNESSES } from "./abi/native.ts";

const native = await openNative();
const { SOL_SOCKET, SCM_RIGHTS } = platform;
const OTHER = 0x7531;

/** What `headers_control` of the crate writes, written by the codec. */
function control(fds: readonly number[], extra: number): Uint8Array {
  const first = cmsgSpace(fds.length * 4, platform);
  const bytes = new Uint8Array(first + (extra > 0 ? cmsgSpace(extra, platform) : 0));
  writeDescriptors(
    writeControl(bytes, 0, SOL_SOCKET, SCM_RIGHTS, fds.length * 4, platform),
    fds,
  );
  if (extra > 0) {
    const payload = writeControl(bytes, first, SOL_SOCKET, OTHER, extra, platform);
    payload.set(payload.map((_, index) => index + 1));
  }
  return bytes;
}

testNative(native, "writeControl() writes what CMSG_FIRSTHDR and CMSG_NXTHDR do", (native) => {
  for (const count of [1, 2, 3, 4, 5, 17, 253]) {
    const fds = Array.from({ length: count }, (_, index) => index * 1000 + 3);
    for (const extra of [0, 1, 3, 4, 7, 8, 9, 12, 28]) {
      assertEquals(control(fds, extra), native.control(fds, extra, OTHER), `${count}, ${extra}`);
    }
  }
});

testNative(native, "parseControl() reads what CMSG_FIRSTHDR and CMSG_NXTHDR wrote", (native) => {
  for (const extra of [1, 3, 4, 7, 8, 9, 12, 28]) {
    const [rights, other, ...more] = parseControl(
      native.control([3, -1, 70000], extra, OTHER),
      platform,
    );
    assertEquals(more, []);
    assertEquals({ level: rights?.level, type: rights?.type }, {
      level: SOL_SOCKET,
      type: SCM_RIGHTS,
    });
    assertEquals(readDescriptors(rights?.data ?? new Uint8Array()), [3, -1, 70000]);
    assertEquals({ level: other?.level, type: other?.type }, { level: SOL_SOCKET, type: OTHER });
    assertEquals([...other?.data ?? []], Array.from({ length: extra }, (_, index) => index + 1));
  }
});

testNative(native, "writeCredentials() lays a struct ucred out as native code does", (native) => {
  const credentials = { pid: 0x01020304, uid: 0xfffffffe, gid: 0x0a0b0c0d };
  const { pid, uid, gid } = credentials;
  for (const witness of STRUCT_WITNESSES) {
    const values = new Map([pid, uid, gid].map((value, index) => [index, BigInt(value)]));
    const image = native.image(witness, "ucred", values);
    if (image === undefined) {
      assertEquals(platform.SCM_CREDENTIALS, -1, `${WITNESSES[witness]} has no struct ucred`);
      continue;
    }
    const bytes = new Uint8Array(UCRED_SIZE);
    writeCredentials(bytes, credentials);
    assertEquals(bytes, image);
    assertEquals(readCredentials(image), credentials);
  }
});

function addresses(): string[] {
  const [, space] = platform.sockaddr_un.sun_path;
  const paths = ["a", "/run/app.sock", "ü", "x".repeat(space - 1), "x".repeat(space)];
  return platform.abstractNames
    ? [...paths, "\0a", "\0x\0y\0", `\0${"x".repeat(space - 1)}`]
    : paths;
}

testNative(native, "encodeSockaddr() writes what C writes, decodeSockaddr() reads it", (native) => {
  for (const address of addresses()) {
    const name = new TextEncoder().encode(address);
    const image = native.sockaddr(name);
    assertEquals(encodeSockaddr(parseAddress(address, platform), platform), image);
    assertEquals(decodeSockaddr(image, image.byteLength, platform), name);
  }
});

/** The memory at an address that was written to a struct. */
function memoryAt(bytes: Uint8Array, offset: number, length: number): Uint8Array {
  const address = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(offset, true);
  const pointer = Deno.UnsafePointer.create(address);
  assert(pointer !== null);
  return new Uint8Array(Deno.UnsafePointerView.getArrayBuffer(pointer, length)).slice();
}

/** A struct that native code fills, with values by the names of its fields. */
function image(native: Native, struct: string, values: Record<string, bigint>): Uint8Array {
  const fields = native.struct(1, struct)?.fields ?? [];
  const numbered = new Map(fields.map(({ name, index }) => [index, values[name] ?? 0n]));
  return native.image(1, struct, numbered) ?? new Uint8Array();
}

testNative(native, "Header lays a msghdr and its iovecs out as native code does", (native) => {
  const header = new Header();
  const vectors = [new Uint8Array(new ArrayBuffer(300)), new Uint8Array(new ArrayBuffer(70))];
  const sockaddr = encodeSockaddr(parseAddress("/run/app.sock", platform), platform);
  header.setVectors(vectors, 10);
  header.setName(sockaddr);
  header.setControl(0x4455667788990, 0x90);

  const { size, msg_iov } = platform.msghdr;
  const view = new DataView(header.bytes.buffer, header.bytes.byteOffset);
  const expected = image(native, "msghdr", {
    msg_name: BigInt(addressOf(header.name)),
    msg_namelen: BigInt(sockaddr.byteLength),
    msg_iov: view.getBigUint64(msg_iov[0], true),
    msg_iovlen: 2n,
    msg_control: 0x4455667788990n,
    msg_controllen: 0x90n,
  });
  assertEquals(header.bytes.slice(0, size), expected);
  const [first, second] = vectors.map((it) => BigInt(addressOf(it)));
  const iovecs = [
    ...image(native, "iovec", { iov_base: (first ?? 0n) + 10n, iov_len: 290n }),
    ...image(native, "iovec", { iov_base: second ?? 0n, iov_len: 70n }),
  ];
  assertEquals([...memoryAt(header.bytes, msg_iov[0], iovecs.length)], iovecs);
});
