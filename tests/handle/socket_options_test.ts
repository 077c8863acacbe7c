import { assert, assertEquals, assertObjectMatch, assertThrows } from "@std/assert";
import { platform, replacePlatform } from "../../ffi/platform/mod.ts";
import { MISSING } from "../../ffi/platform/types.ts";
import { SyscallError } from "../../lib/errors.ts";
import { bytes, connected, linuxTest, PAIRED, test } from "../util/cases.ts";

const { SOL_SOCKET, SO_TYPE } = platform;

test("getOption() and setOption() give and take numbers and structures", () => {
  using pair = connected();
  assertEquals(pair.a.getOption(SOL_SOCKET, SO_TYPE), platform.SOCK_STREAM);
  const structure: Uint8Array = pair.a.getOption(SOL_SOCKET, SO_TYPE, 4);
  assertEquals(structure.byteLength, 4);
  pair.a.setOption(SOL_SOCKET, platform.SO_SNDBUF, 8192);
  assert(pair.a.getOption(SOL_SOCKET, platform.SO_SNDBUF) >= 8192);
  const error = assertThrows(() => pair.a.getOption(SOL_SOCKET, 9999), SyscallError);
  assertObjectMatch(error, { code: "ENOPROTOOPT", syscall: "getsockopt" });
});

test("the sizes of the buffers can be set", () => {
  using pair = connected();
  for (const name of ["sendBufferSize", "receiveBufferSize"] as const) {
    pair.a[name] = 32768;
    assert(pair.a[name] >= 32768);
    const size = pair.a[name];
    for (const wrong of [0.5, NaN, -1, 2 ** 31, "1" as unknown as number]) {
      assertThrows(() => pair.a[name] = wrong, RangeError);
    }
    assertEquals(pair.a[name], size);
  }
});

test("time limits are in milliseconds, 0 for none", () => {
  using pair = connected();
  for (const name of ["sendTimeout", "receiveTimeout"] as const) {
    assertEquals(pair.a[name], 0);
    pair.a[name] = 1500;
    assertEquals(pair.a[name], 1500);
    pair.a[name] = 0;
    assertEquals(pair.a[name], 0);
    assertThrows(() => pair.a[name] = -1, RangeError);
  }
});

linuxTest("passCredentials, passPidfd and passRights can be switched", () => {
  for (const type of PAIRED) {
    using pair = connected(type);
    for (const [name, initial] of [["passCredentials", false], ["passPidfd", false]] as const) {
      assertEquals(pair.a[name], initial);
      for (const on of [true, false, true]) {
        pair.a[name] = on;
        assertEquals(pair.a[name], on);
      }
    }
    assertEquals(pair.a.passRights, true);
  }
});

linuxTest("passRights: false makes the kernel refuse messages with descriptors", () => {
  using pair = connected();
  try {
    pair.b.passRights = false;
  } catch (error) {
    // Linux before 6.16.
    assert(error instanceof Deno.errors.NotSupported);
    assertEquals(pair.b.passRights, true);
    return;
  }
  assertEquals(pair.b.passRights, false);
  const error = assertThrows(
    () => pair.a.sendSync({ data: bytes("a"), files: [0] }),
    Deno.errors.PermissionDenied,
  );
  assertEquals("code" in error && error.code, "EPERM");
  assertEquals(pair.a.sendSync({ data: bytes("a") }), 1);
  pair.b.passRights = true;
  assertEquals(pair.a.sendSync({ data: bytes("a"), files: [0] }), 1);
});

/** Run `fn` as if the kernel had not the options. */
function without(names: readonly (keyof typeof platform)[], fn: () => void): void {
  const table = Object.fromEntries(names.map((name) => [name, MISSING]));
  const previous = replacePlatform({ ...platform, ...table });
  try {
    fn();
  } finally {
    replacePlatform(previous);
  }
}

test("what the kernel does not have throws NotSupported when it is set, and reads as off", () => {
  using pair = connected();
  without(["SO_PASSCRED", "SO_PASSPIDFD", "SO_PASSRIGHTS"], () => {
    assertEquals({
      passCredentials: pair.a.passCredentials,
      passPidfd: pair.a.passPidfd,
      passRights: pair.a.passRights,
    }, { passCredentials: false, passPidfd: false, passRights: true });
    for (const name of ["passCredentials", "passPidfd", "passRights"] as const) {
      assertThrows(
        () => pair.a[name] = true,
        Deno.errors.NotSupported,
        "this system has no option",
      );
    }
  });
});

test("what the kernel does not report of a peer throws NotSupported", () => {
  using pair = connected();
  without(["SO_PEERPIDFD", "SO_PEERGROUPS", "SO_PEERSEC"], () => {
    for (const ask of ["peerPidfd", "peerGroups", "peerSecurity"] as const) {
      assertThrows(() => pair.a[ask](), Deno.errors.NotSupported);
    }
  });
});

/** macOS counts by other means, which a Linux that pretends to be one does not have. */
const counting = platform.SIOCOUTQ === MISSING && platform.name.startsWith("linux-")
  ? linuxTest
  : test;

counting("bytesAvailable and bytesUnsent count what is under way", () => {
  using pair = connected("dgram");
  assertEquals({ bytesAvailable: pair.b.bytesAvailable, bytesUnsent: pair.a.bytesUnsent }, {
    bytesAvailable: 0,
    bytesUnsent: 0,
  });
  pair.a.writeSync(bytes("hello"));
  pair.a.writeSync(bytes("abc"));
  // On Linux that is the next datagram, on macOS all of them.
  assert([5, 8].includes(pair.b.bytesAvailable));
  assert(pair.a.bytesUnsent >= 8);
  pair.b.readSync(new Uint8Array(8));
  assertEquals(pair.b.bytesAvailable, 3);
});

test("busyPoll is checked, and off by default", () => {
  using pair = connected();
  assertEquals(pair.a.busyPoll, 0);
  pair.a.busyPoll = 20;
  assertEquals(pair.a.busyPoll, 20);
  assertThrows(() => pair.a.busyPoll = -1, RangeError);
});

test("options of a closed socket throw BadResource", () => {
  using pair = connected();
  pair.a.close();
  const names = [
    "sendBufferSize",
    "receiveBufferSize",
    "sendTimeout",
    "receiveTimeout",
    "passCredentials",
    "passPidfd",
    "passRights",
    "bytesAvailable",
    "bytesUnsent",
  ] as const;
  for (const name of names) {
    assertThrows(
      () => pair.a[name],
      Deno.errors.BadResource,
      "Cannot use the Socket: it is closed",
      name,
    );
  }
  assertThrows(() => pair.a.getOption(SOL_SOCKET, SO_TYPE), Deno.errors.BadResource);
  assertThrows(() => pair.a.setOption(SOL_SOCKET, SO_TYPE, 1), Deno.errors.BadResource);
  assertThrows(() => pair.a.passCredentials = true, Deno.errors.BadResource);
});
