import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { Platform } from "../../ffi/platform/mod.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import {
  type Address,
  addressText,
  decodeSockaddr,
  displayName,
  encodeSockaddr,
  exactBytes,
  fitsSockaddr,
  isUnixAddr,
  type Name,
  parseAddress,
} from "../../lib/address/sockaddr.ts";
import { bytes } from "../util/cases.ts";
import { darwinArm64 as darwin, linuxX64 as linux } from "../util/platforms.ts";

const platforms: readonly Platform[] = [linux, darwin];

function parsed(address: Address, platform = linux): [Name["kind"], string] {
  const { kind, bytes } = parseAddress(address, platform);
  return [kind, new TextDecoder().decode(bytes)];
}

/** A path as bytes: anything but NUL, not starting with "@". */
const anyPath = fc.uint8Array({ minLength: 1, maxLength: 104 })
  .filter((it) => !it.includes(0) && it[0] !== 0x40);

Deno.test("parseAddress() distinguishes paths, abstract names and the empty address", () => {
  const table: readonly [Address, Name["kind"], string][] = [
    ["/run/app.sock", "path", "/run/app.sock"],
    ["app.sock", "path", "app.sock"],
    ["./@name", "path", "./@name"],
    ["ä€😀", "path", "ä€😀"],
    [" ", "path", " "],
    ["@name", "abstract", "name"],
    ["\0name", "abstract", "name"],
    ["@", "abstract", ""],
    ["\0", "abstract", ""],
    ["@@", "abstract", "@"],
    ["@a\0b", "abstract", "a\0b"],
    ["", "autobind", ""],
    [bytes("/run/a"), "path", "/run/a"],
    [bytes("@a"), "abstract", "a"],
    [new Uint8Array([0, 97]), "abstract", "a"],
    [new Uint8Array(0), "autobind", ""],
  ];
  for (const [address, kind, text] of table) {
    assertEquals(parsed(address), [kind, text], Deno.inspect(address));
  }
});

Deno.test("parseAddress() takes a unix: URL apart", () => {
  const table: readonly [string, Name["kind"], string][] = [
    ["unix:///run/app.sock", "path", "/run/app.sock"],
    ["unix:/run/app.sock", "path", "/run/app.sock"],
    ["unix:app.sock", "path", "app.sock"],
    ["unix:@app", "abstract", "app"],
    ["unix:%40app", "abstract", "app"],
    ["unix:%00app", "abstract", "app"],
    ["unix:@a%00b", "abstract", "a\0b"],
    ["unix:///a%20b", "path", "/a b"],
    ["unix:///a b", "path", "/a b"],
    ["unix:///a%3Fb%23c", "path", "/a?b#c"],
    ["unix:///a%25b", "path", "/a%b"],
    ["unix:///a%b", "path", "/a%b"],
    ["unix:///a%2", "path", "/a%2"],
    ["unix:///a%zz", "path", "/a%zz"],
    ["unix:///%C3%A4", "path", "/ä"],
    ["unix:///ä", "path", "/ä"],
    ["unix:", "autobind", ""],
  ];
  for (const [url, kind, text] of table) {
    assertEquals(parsed(new URL(url)), [kind, text], url);
  }
});

Deno.test("parseAddress() decodes percent escapes to bytes that need not be UTF-8", () => {
  const { bytes } = parseAddress(new URL("unix:///%FF%fe"), linux);
  assertEquals([...bytes], [0x2f, 0xff, 0xfe]);
});

Deno.test("parseAddress() refuses a URL that names no Unix socket, and says why", () => {
  const table = [
    ["http:///run/a", "scheme"],
    ["file:///run/a", 'new URL("unix:///run/a")'],
    ["http+unix://%2Frun%2Fa/", 'write "/run/a"'],
    ["unix:path=/run/bus,guid=1", 'write "/run/bus"'],
    ["unix:abstract=bus", 'write "@bus"'],
    ["unix://host/run/a", "host"],
    ["unix:///a?b", "query or fragment"],
    ["unix:///a#b", "query or fragment"],
    ["unix:///a%00b", "NUL"],
  ] as const;
  for (const [url, reason] of table) {
    assertThrows(() => parseAddress(new URL(url), linux), InvalidAddressError, reason);
  }
});

Deno.test("parseAddress() refuses a path with a NUL byte", () => {
  for (const address of ["a\0b", "/a\0", "/a\0/b", bytes("/a\0b")]) {
    assertThrows(() => parseAddress(address, linux), InvalidAddressError, "NUL");
  }
});

Deno.test("parseAddress() refuses an abstract name over 107 bytes", () => {
  assertEquals(parsed("@" + "a".repeat(107))[0], "abstract");
  const error = assertThrows(
    () => parseAddress("@" + "a".repeat(108), linux),
    InvalidAddressError,
    "108 bytes, at most 107 fit",
  );
  assert(error instanceof TypeError);
  assertThrows(() => parseAddress("@" + "ä".repeat(54), linux), InvalidAddressError);
});

Deno.test("parseAddress() refuses every abstract name off Linux, and says how to write a path", () => {
  for (const address of ["@a", "\0a", "@", bytes("@a"), new URL("unix:@a")]) {
    assertThrows(() => parseAddress(address, darwin), InvalidAddressError, "./@");
  }
});

Deno.test("parseAddress() refuses what is no address", () => {
  for (const address of [undefined, null, 1, {}, [], new ArrayBuffer(1), true]) {
    assertThrows(() => parseAddress(address as unknown as Address, linux), InvalidAddressError);
  }
});

Deno.test("parseAddress() refuses half a surrogate pair, which has no bytes", () => {
  for (const address of ["\ud800", "/a\udc00b", "@\ud83d"]) {
    assertThrows(() => parseAddress(address, linux), InvalidAddressError, "surrogate");
  }
});

Deno.test("parseAddress() refuses bytes that have no memory any more", () => {
  const gone = bytes("a");
  gone.buffer.transfer();
  assertThrows(() => parseAddress(gone, linux), InvalidAddressError, "detached");
});

Deno.test("parseAddress() keeps bytes of its own", () => {
  const address = bytes("/run/a");
  const name = parseAddress(address, linux);
  address.fill(0);
  assertEquals(displayName(name), "/run/a");
});

Deno.test("parseAddress() cuts a long address in its message", () => {
  const error = assertThrows(() => parseAddress(`${"a".repeat(5000)}\0`, linux));
  assert(error instanceof InvalidAddressError && error.message.length < 300);
});

Deno.test("encodeSockaddr() lays out a Linux address: family, name, final NUL", () => {
  assertEquals([...encodeSockaddr(parseAddress("/a", linux), linux)], [1, 0, 0x2f, 0x61, 0]);
  assertEquals([...encodeSockaddr(parseAddress("@a", linux), linux)], [1, 0, 0, 0x61]);
  assertEquals([...encodeSockaddr(parseAddress("@", linux), linux)], [1, 0, 0]);
  assertEquals([...encodeSockaddr(parseAddress("", linux), linux)], [1, 0]);
});

Deno.test("encodeSockaddr() lays out a macOS address: length, family, path, final NUL", () => {
  assertEquals([...encodeSockaddr(parseAddress("/a", darwin), darwin)], [5, 1, 0x2f, 0x61, 0]);
});

Deno.test("encodeSockaddr() fits a path that fills sun_path, and refuses one byte more", () => {
  for (const platform of platforms) {
    const [offset, space] = platform.sockaddr_un.sun_path;
    const full = parseAddress("a".repeat(space), platform);
    assertEquals(encodeSockaddr(full, platform).byteLength, offset + space);
    const tooLong = parseAddress("a".repeat(space + 1), platform);
    assertEquals({ full: fitsSockaddr(full, platform), tooLong: fitsSockaddr(tooLong, platform) }, {
      full: true,
      tooLong: false,
    });
    assertThrows(() => encodeSockaddr(tooLong, platform), InvalidAddressError, `${space} fit`);
  }
});

for (const platform of platforms) {
  Deno.test(`decodeSockaddr() reads back what encodeSockaddr() wrote (${platform.name})`, () => {
    fc.assert(fc.property(anyPath, (path) => {
      const sockaddr = encodeSockaddr(parseAddress(path, platform), platform);
      assertEquals(decodeSockaddr(sockaddr, sockaddr.byteLength, platform), path);
    }));
  });

  Deno.test(`decodeSockaddr() survives any bytes and lengths (${platform.name})`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 140 }), fc.nat(300), (hostile, length) => {
      const memory = new Uint8Array(hostile.byteLength + 32).fill(0xee);
      memory.set(hostile);
      const name = decodeSockaddr(memory.subarray(0, hostile.byteLength), length, platform);
      const most = Math.max(0, Math.min(length, hostile.byteLength) - 2);
      assert(name === null || (name.byteLength > 0 && name.byteLength <= most));
    }));
  });
}

Deno.test("decodeSockaddr() keeps every byte of an abstract name, trailing NULs too", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 107 }), (name) => {
    const exact = new Uint8Array([0, ...name]);
    const sockaddr = encodeSockaddr(parseAddress(exact, linux), linux);
    assertEquals(decodeSockaddr(sockaddr, sockaddr.byteLength, linux), exact);
    assertEquals(exactBytes(parseAddress(exact, linux)), exact);
  }));
});

Deno.test("decodeSockaddr() returns null for an unnamed socket", () => {
  for (const length of [0, 1, 2]) {
    assertEquals(decodeSockaddr(new Uint8Array(128), length, linux), null);
  }
  assertEquals(decodeSockaddr(new Uint8Array(128), 16, darwin), null);
});

Deno.test("decodeSockaddr() takes a path of full length without a final NUL", () => {
  const memory = new Uint8Array(128);
  memory.fill(0x61, 2, 110);
  assertEquals(decodeSockaddr(memory, 111, linux)?.byteLength, 108);
});

Deno.test("addressText() gives the form of Deno's own sockets", () => {
  assertEquals(addressText(null), "");
  assertEquals(addressText(bytes("/run/a")), "/run/a");
  assertEquals(addressText(new Uint8Array([0, 97])), "\0a");
});

Deno.test("addressText() keeps a byte order mark, which is a part of the name", () => {
  assertEquals(addressText(bytes("\ufeffa")), "\ufeffa");
});

Deno.test("displayName() writes an abstract name with @", () => {
  assertEquals(displayName(parseAddress("\0app", linux)), "@app");
  assertEquals(displayName(parseAddress("/run/a", linux)), "/run/a");
});

Deno.test("an address survives the way to a text and back", () => {
  const address = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme" })
    .filter((it) => !it.includes("\0"));
  fc.assert(fc.property(address, (text) => {
    const exact = exactBytes(parseAddress(text, linux));
    assertEquals(exactBytes(parseAddress(addressText(exact), linux)), exact);
  }));
  assertStringIncludes(addressText(exactBytes(parseAddress("@a", linux))), "\0a");
});

Deno.test("isUnixAddr() distinguishes an address of Deno's from every other form", () => {
  assertEquals(isUnixAddr({ transport: "unix", path: "/a" }), true);
  const others = [
    "/a",
    bytes("/a"),
    Object.assign(bytes("/a"), { path: "/a" }),
    new URL("unix:/a"),
  ];
  assertEquals(others.map((it) => isUnixAddr(it)), [false, false, false, false]);
  assertEquals(isUnixAddr(null as never), false);
});
