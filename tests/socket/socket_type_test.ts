import { assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import {
  denoAddr,
  directionNumber,
  type SocketType,
  typeFromNumber,
  typeNumber,
} from "../../lib/socket/socket_type.ts";
import { bytes, TYPES } from "../util/cases.ts";

Deno.test("typeNumber() and typeFromNumber() undo each other", () => {
  for (const type of TYPES) {
    assertEquals(typeFromNumber(typeNumber(type)), type);
  }
  assertEquals(typeNumber("stream"), platform.SOCK_STREAM);
});

Deno.test("typeNumber() refuses what is no type, and names those there are", () => {
  for (const type of ["tcp", "", undefined, 1, null]) {
    assertThrows(() => typeNumber(type as SocketType), TypeError, '"seqpacket"');
  }
});

Deno.test("typeFromNumber() returns undefined for every other number", () => {
  for (const number of [0, -1, 3, 99]) assertEquals(typeFromNumber(number), undefined);
});

Deno.test("denoAddr() calls datagrams unixpacket, as Deno does", () => {
  assertEquals(denoAddr("stream", bytes("/a")), { transport: "unix", path: "/a" });
  assertEquals(denoAddr("seqpacket", bytes("/a")), { transport: "unix", path: "/a" });
  assertEquals(denoAddr("dgram", null), { transport: "unixpacket", path: "" });
});

Deno.test("directionNumber() takes the three directions, and nothing else", () => {
  const { SHUT_RD, SHUT_WR, SHUT_RDWR } = platform;
  const numbers = (["read", "write", "both"] as const).map(directionNumber);
  assertEquals(numbers, [SHUT_RD, SHUT_WR, SHUT_RDWR]);
  for (const wrong of ["", "rd", undefined, "toString", 0]) {
    assertThrows(() => directionNumber(wrong as "both"), TypeError, '"both"');
  }
});
