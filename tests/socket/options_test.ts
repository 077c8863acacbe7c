import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { MISSING, platform } from "../../ffi/platform/mod.ts";
import { SyscallError } from "../../lib/errors.ts";
import {
  bytesAvailable,
  bytesUnsent,
  checkedBusyPoll,
  getFlag,
  getOption,
  getTimeout,
  type OptionValue,
  pollTimeout,
  readIntOption,
  setFlag,
  setIntOption,
  setOption,
  setTimeLimit,
} from "../../lib/socket/options.ts";
import { bytes, connected, linuxTest, test } from "../util/cases.ts";

const { SOL_SOCKET, SO_TYPE, SO_SNDBUF, SO_RCVTIMEO, SO_SNDTIMEO, SO_PASSCRED } = platform;

test("getOption() reads an int, or bytes on request", () => {
  using pair = connected();
  assertEquals(getOption(pair.a.fd, SOL_SOCKET, SO_TYPE), platform.SOCK_STREAM);
  const four = new Uint8Array(new Int32Array([platform.SOCK_STREAM]).buffer);
  for (const size of [4, 8, 65536]) {
    assertEquals(getOption(pair.a.fd, SOL_SOCKET, SO_TYPE, size), four, `${size} bytes`);
  }
  assertEquals(getOption(pair.a.fd, SOL_SOCKET, SO_TYPE, 2), four.subarray(0, 2));
});

test("getOption() refuses sizes that cannot be", () => {
  using pair = connected();
  for (const size of [-1, 0.5, NaN, 65537]) {
    assertThrows(() => getOption(pair.a.fd, SOL_SOCKET, SO_TYPE, size), RangeError);
  }
});

test("getOption() and setOption() refuse a level, a name or a value that is no C int", () => {
  using pair = connected();
  const { fd } = pair.a;
  for (const wrong of [0.5, NaN, 2 ** 31, 2 ** 32, -(2 ** 31) - 1, "1" as unknown as number]) {
    assertThrows(() => getOption(fd, wrong, 1), RangeError, "level");
    assertThrows(() => getOption(fd, 1, wrong), RangeError, "name");
    assertThrows(() => setOption(fd, wrong, 1, 1), RangeError, "level");
    assertThrows(() => setOption(fd, 1, wrong, 1), RangeError, "name");
    if (typeof wrong === "number" && wrong !== 2 ** 31) {
      assertThrows(() => setOption(fd, 1, 1, wrong), RangeError, "value");
    }
  }
  for (const wrong of ["1", null, undefined, {}, [1], 1n]) {
    assertThrows(() => setOption(fd, 1, 1, wrong as unknown as OptionValue), TypeError);
  }
});

test("getOption() and setOption() say what failed", () => {
  using pair = connected();
  const read = assertThrows(() => getOption(pair.a.fd, SOL_SOCKET, 9999), SyscallError);
  assertEquals({ code: read.code, syscall: read.syscall }, {
    code: "ENOPROTOOPT",
    syscall: "getsockopt",
  });
  const write = assertThrows(() => setOption(pair.a.fd, SOL_SOCKET, 9999, 1), SyscallError);
  assertEquals({ code: write.code, syscall: write.syscall }, {
    code: "ENOPROTOOPT",
    syscall: "setsockopt",
  });
  assertThrows(() => getOption(0x7ffffffe, SOL_SOCKET, SO_TYPE), Deno.errors.BadResource);
});

linuxTest("setOption() takes a number, a boolean, or the bytes of a structure", () => {
  using pair = connected();
  const { fd } = pair.a;
  const read = (): number => getOption(fd, SOL_SOCKET, SO_PASSCRED);
  setOption(fd, SOL_SOCKET, SO_PASSCRED, true);
  assertEquals(read(), 1);
  setOption(fd, SOL_SOCKET, SO_PASSCRED, 0);
  assertEquals(read(), 0);
  setOption(fd, SOL_SOCKET, SO_PASSCRED, new Uint8Array([1, 0, 0, 0]));
  assertEquals(read(), 1);
  setOption(fd, SOL_SOCKET, SO_PASSCRED, false);
  assertEquals(read(), 0);
  setOption(fd, SOL_SOCKET, SO_SNDBUF, 8192);
  assertEquals(getOption(fd, SOL_SOCKET, SO_SNDBUF), 16384);
});

test("readIntOption() and setIntOption() return error numbers", () => {
  using pair = connected();
  assertEquals(readIntOption(pair.a.fd, SOL_SOCKET, 9999), -platform.ENOPROTOOPT);
  assertEquals(setIntOption(pair.a.fd, SOL_SOCKET, 9999, 1), -platform.ENOPROTOOPT);
  assertEquals(readIntOption(0x7ffffffe, SOL_SOCKET, SO_TYPE), -platform.EBADF);
});

test("getFlag() is false and setFlag() throws NotSupported where there is no such flag", () => {
  using pair = connected();
  assertEquals(getFlag(pair.a.fd, MISSING), false);
  for (const name of [MISSING, 9999]) {
    assertThrows(
      () => setFlag(pair.a.fd, name, true, "fly"),
      Deno.errors.NotSupported,
      "Cannot fly",
    );
  }
});

test("getTimeout() reads what setTimeLimit() set, as exactly as the kernel keeps it", () => {
  using pair = connected();
  for (const milliseconds of [0, 4, 1000, 60_000, 2 ** 31]) {
    setTimeLimit(pair.a.fd, SO_RCVTIMEO, milliseconds);
    assertEquals(getTimeout(pair.a.fd, SO_RCVTIMEO), milliseconds);
  }
  assertEquals(getTimeout(pair.a.fd, SO_SNDTIMEO), 0);
});

test("setTimeLimit() takes every time, and none but 0 for no limit", () => {
  using pair = connected();
  const limit = fc.oneof(
    fc.double({ min: 0, max: 2 ** 31, noNaN: true }),
    fc.nat(2 ** 31 - 1).map((it) => it + 0.9999999),
    fc.double({ min: 0, max: 1, noNaN: true }),
  );
  fc.assert(fc.property(limit, (milliseconds) => {
    setTimeLimit(pair.a.fd, SO_RCVTIMEO, milliseconds);
    const kept = getTimeout(pair.a.fd, SO_RCVTIMEO);
    assertEquals(kept === 0, milliseconds === 0);
    // The kernel counts in ticks of its own, up to 10 ms.
    assert(kept >= milliseconds - 0.001 && kept <= milliseconds + 11, `${milliseconds}: ${kept}`);
  }));
});

test("setTimeLimit() refuses what is no time", () => {
  using pair = connected();
  for (const wrong of [-1, NaN, Infinity, 2 ** 31 + 1, "1" as unknown as number]) {
    assertThrows(() => setTimeLimit(pair.a.fd, SO_RCVTIMEO, wrong), RangeError);
  }
});

test("pollTimeout() is -1 without a limit", () => {
  using pair = connected();
  assertEquals(pollTimeout(pair.a.fd, SO_RCVTIMEO), -1);
  setTimeLimit(pair.a.fd, SO_RCVTIMEO, 2000);
  assertEquals(pollTimeout(pair.a.fd, SO_RCVTIMEO), 2000);
});

/** macOS counts by other means, which a Linux that pretends to be one does not have. */
const counting = platform.SIOCOUTQ === MISSING && platform.name.startsWith("linux-")
  ? linuxTest
  : test;

counting("bytesAvailable() and bytesUnsent() count what is under way", () => {
  using pair = connected();
  assertEquals({ bytesAvailable: bytesAvailable(pair.b.fd), bytesUnsent: bytesUnsent(pair.a.fd) }, {
    bytesAvailable: 0,
    bytesUnsent: 0,
  });
  pair.a.writeSync(bytes("hello"));
  assertEquals(bytesAvailable(pair.b.fd), 5);
  assert(bytesUnsent(pair.a.fd) >= 5);
  pair.b.readSync(new Uint8Array(8));
  assertEquals({ bytesAvailable: bytesAvailable(pair.b.fd), bytesUnsent: bytesUnsent(pair.a.fd) }, {
    bytesAvailable: 0,
    bytesUnsent: 0,
  });
});

Deno.test("checkedBusyPoll() takes a time up to a second, and nothing else", () => {
  assertEquals([0, 0.5, 1_000_000].map(checkedBusyPoll), [0, 0.5, 1_000_000]);
  for (const wrong of [-1, NaN, Infinity, 1_000_001, "1" as unknown as number]) {
    assertThrows(() => checkedBusyPoll(wrong), RangeError);
  }
});
