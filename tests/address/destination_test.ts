import { assert, assertEquals, assertObjectMatch, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { platform } from "../../ffi/platform/mod.ts";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { socket } from "../../ffi/syscalls/sockets.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import {
  bindTo,
  destinationOf,
  fromLatin1,
  latin1,
  needsShortening,
} from "../../lib/address/destination.ts";
import { encodeSockaddr, parseAddress } from "../../lib/address/sockaddr.ts";
import { countDescriptors, listDescriptors } from "../util/descriptors.ts";
import { isInheritable } from "../util/inherited.ts";
import { bytes, linuxTest, test } from "../util/cases.ts";
import { tempDir } from "../util/tempdir.ts";

function datagrams(): OwnedFd {
  return OwnedFd.adopt(socket(platform.SOCK_DGRAM, { cloexec: true, nonblocking: false }));
}

function name(path: string | Uint8Array): ReturnType<typeof parseAddress> {
  return parseAddress(path, platform);
}

Deno.test("latin1() and fromLatin1() undo each other", () => {
  fc.assert(fc.property(fc.uint8Array(), (it) => assertEquals(fromLatin1(latin1(it)), it)));
});

Deno.test("destinationOf() encodes a short address, and keeps the last one", () => {
  const first = destinationOf("/run/a");
  assertObjectMatch(first, { display: "/run/a", shortened: undefined });
  assertEquals(first.sockaddr, encodeSockaddr(name("/run/a"), platform));
  first[Symbol.dispose]();
  assertEquals(destinationOf("/run/a") === first, true);
  assertEquals(destinationOf("/run/b").display, "/run/b");
  assertEquals(destinationOf("/run/a").display, "/run/a");
});

Deno.test("destinationOf() keeps no bytes that the caller may change", () => {
  const address = bytes("/run/a");
  assertEquals(destinationOf(address).display, "/run/a");
  address.set(bytes("/run/b"));
  assertEquals(destinationOf(address).display, "/run/b");
});

Deno.test("destinationOf() refuses the empty address", () => {
  for (const address of ["", new Uint8Array(0), new URL("unix:")]) {
    assertThrows(() => destinationOf(address), InvalidAddressError, "empty");
  }
});

linuxTest("destinationOf() reaches a path that does not fit, by a descriptor it closes", () => {
  using dir = tempDir();
  const long = dir.join(...Array(8).fill("d".repeat(50)));
  Deno.mkdirSync(long, { recursive: true });
  const path = `${long}/a`;
  Deno.writeTextFileSync(path, "");
  const before = countDescriptors();
  {
    using destination = destinationOf(path);
    assertEquals(countDescriptors(), before + 1);
    assertEquals({ display: destination.display, shortened: destination.shortened }, {
      display: path,
      shortened: bytes(path),
    });
    const short = new TextDecoder().decode(destination.sockaddr.subarray(2, -1));
    assertEquals(Deno.realPathSync(short), Deno.realPathSync(path));
  }
  assertEquals(countDescriptors(), before);
});

linuxTest("no other program inherits the descriptor that a path which does not fit needs", () => {
  using dir = tempDir();
  const long = dir.join(...Array(8).fill("d".repeat(50)));
  Deno.mkdirSync(long, { recursive: true });
  const before = listDescriptors();
  const opened = (): number[] => [...listDescriptors().keys()].filter((it) => !before.has(it));
  {
    using _destination = destinationOf(long);
    assertEquals(opened().map(isInheritable), [false]);
  }
  using made = datagrams();
  const kept: number[] = [];
  assertEquals(bindTo(made.fd, name(`${long}/a`), (directory) => kept.push(directory)), 0);
  assertEquals(kept.map(isInheritable), [false]);
  kept.forEach(closeFd);
});

linuxTest("destinationOf() says that a path that does not fit is not there", () => {
  const path = `/tmp/${"none/".repeat(30)}a`;
  for (const syscall of ["connect", "sendmsg"] as const) {
    const error = assertThrows(() => destinationOf(path, syscall), Deno.errors.NotFound);
    assert("address" in error && "syscall" in error);
    assertObjectMatch(error, { address: path, syscall: syscall });
  }
});

linuxTest("a last component that does not fit is refused, and said so", async () => {
  using dir = tempDir();
  const path = dir.join("a".repeat(109));
  using made = datagrams();
  for (const use of [() => destinationOf(path), () => bindTo(made.fd, name(path))]) {
    assertThrows(use, InvalidAddressError, "its last component has 109 bytes, at most 108 fit");
  }
  await assertRejects(() => Deno.stat(path), Deno.errors.NotFound);
});

linuxTest("bindTo() binds where the directory does not fit", () => {
  using dir = tempDir();
  const long = dir.join(...Array(4).fill("d".repeat(50)));
  Deno.mkdirSync(long, { recursive: true });
  using made = datagrams();
  assertEquals(needsShortening(name(`${long}/a`)), true);
  assertEquals(bindTo(made.fd, name(`${long}/a`)), 0);
  assertEquals(Deno.statSync(`${long}/a`).isSocket, true);
});

linuxTest("bindTo() binds every length of path and last component", () => {
  using dir = tempDir();
  const long = dir.join("d".repeat(100), "e".repeat(100));
  Deno.mkdirSync(long, { recursive: true });
  for (const length of [1, 80, 85, 88, 89, 90, 91, 92, 93, 95, 107, 108]) {
    using made = datagrams();
    const path = `${long}/${"a".repeat(length)}`;
    assertEquals(bindTo(made.fd, name(path)), 0, `${length}`);
    assertEquals(Deno.statSync(path).isSocket, true, `${length}`);
    using again = datagrams();
    assertEquals(bindTo(again.fd, name(path)), -platform.EADDRINUSE, `${length}`);
    assertEquals([...Deno.readDirSync(long)].map((it) => it.name), ["a".repeat(length)]);
    Deno.removeSync(path);
  }
});

linuxTest("bindTo() reports a directory that is not there", () => {
  using made = datagrams();
  assertEquals(bindTo(made.fd, name(`/tmp/${"none/".repeat(30)}a`)), -platform.ENOENT);
});

test("needsShortening() is false for what fits, and for abstract names", () => {
  assertEquals(needsShortening(name("/run/a")), false);
  assertEquals(needsShortening(name("a".repeat(platform.sockaddr_un.sun_path[1]))), false);
  if (platform.abstractNames) assertEquals(needsShortening(name("@" + "a".repeat(107))), false);
});
