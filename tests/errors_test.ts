import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertObjectMatch,
  assertThrows,
} from "@std/assert";
import { platform } from "../ffi/platform/mod.ts";
import {
  check,
  closedError,
  ControlTruncatedError,
  errnoName,
  InvalidAddressError,
  notSupported,
  shown,
  SyscallError,
  systemError,
} from "../lib/errors.ts";

type ErrorClass = new (...args: never[]) => Error;

const { errors } = Deno;

/** What a user of Deno expects for each error number. */
const EXPECTED: Readonly<Record<string, ErrorClass>> = {
  EACCES: errors.PermissionDenied,
  EADDRINUSE: errors.AddrInUse,
  EADDRNOTAVAIL: errors.AddrNotAvailable,
  EAFNOSUPPORT: errors.NotSupported,
  EAGAIN: errors.WouldBlock,
  EBADF: errors.BadResource,
  EBUSY: errors.Busy,
  ECONNABORTED: errors.ConnectionAborted,
  ECONNREFUSED: errors.ConnectionRefused,
  ECONNRESET: errors.ConnectionReset,
  EEXIST: errors.AlreadyExists,
  EINTR: errors.Interrupted,
  EISDIR: errors.IsADirectory,
  ELOOP: errors.FilesystemLoop,
  ENOENT: errors.NotFound,
  ENOSYS: errors.NotSupported,
  ENOTCONN: errors.NotConnected,
  ENOTDIR: errors.NotADirectory,
  EOPNOTSUPP: errors.NotSupported,
  EPERM: errors.PermissionDenied,
  EPIPE: errors.BrokenPipe,
  EPROTONOSUPPORT: errors.NotSupported,
  ESOCKTNOSUPPORT: errors.NotSupported,
  ETIMEDOUT: errors.TimedOut,
  EINVAL: SyscallError,
  EMFILE: SyscallError,
  EMSGSIZE: SyscallError,
  ENOBUFS: SyscallError,
  ENOPROTOOPT: SyscallError,
  ENOTSOCK: SyscallError,
  EPROTOTYPE: SyscallError,
  ETOOMANYREFS: SyscallError,
};

Deno.test("systemError() gives each error number the class a Deno user expects", () => {
  for (const [code, expected] of Object.entries(EXPECTED)) {
    const errno = platform.errnoNames.indexOf(code);
    assert(errno > 0, code);
    const error = systemError(errno, "connect", "/run/a");
    assertInstanceOf(error, expected);
    assertObjectMatch(error, { code: code, errno: errno, syscall: "connect", address: "/run/a" });
  }
});

Deno.test("systemError() names every error number that the platform has", () => {
  platform.errnoNames.forEach((code, errno) => {
    if (errno === 0) return;
    const error = systemError(errno, "bind");
    assertObjectMatch(error, { code: code, errno: errno });
    assertMatch(error.message, new RegExp(`^Cannot bind to: .*${code}\\)?$`));
  });
});

Deno.test("systemError() has no address where there is none", () => {
  for (const errno of [platform.ENOENT, platform.EINVAL]) {
    assertEquals("address" in systemError(errno, "socket"), false);
  }
});

Deno.test("systemError() says what failed, on what, and why", () => {
  assertEquals(
    systemError(platform.ENOENT, "connect", "/run/a").message,
    'Cannot connect to "/run/a": no such file or directory (ENOENT)',
  );
  assertEquals(
    systemError(platform.EINVAL, "frobnicate").message,
    "Cannot frobnicate: invalid argument (EINVAL)",
  );
  assertMatch(systemError(platform.ENOENT, "connect", 'a"\0b').message, /"a\\"\\u0000b"/);
});

Deno.test("systemError() says what to do where a call fails for reasons of its own", () => {
  const message = (code: string, ...about: [syscall: string, subject?: string, reason?: string]) =>
    systemError(platform.errnoNames.indexOf(code), ...about).message;
  assertMatch(message("EPERM", "sendmsg"), /^Cannot send: .*passRights/);
  assertMatch(message("EPERM", "fchmod"), /: operation not permitted/);
  assertMatch(message("EPERM", "write"), /^Cannot write: .*sealed/);
  assertMatch(message("EBADF", "sendmsg"), /one of the files/);
  assertMatch(message("ESRCH", "sendmsg"), /no process with the `pid`/);
  assertMatch(message("ENXIO", "open", "/run/a"), /it is a socket/);
  assertMatch(message("ENOTCONN", "sendmsg"), /connect it, or give each message an address/);
  assertMatch(message("ENOENT", "sendmsg", "/run/a"), /^Cannot send to "\/run\/a": no such file/);
  assertEquals(
    message("EADDRINUSE", "bind", "/run/a", "choose another"),
    'Cannot bind to "/run/a": choose another (EADDRINUSE)',
  );
});

Deno.test("errnoName() gives an unknown error number as a number", () => {
  assertEquals(errnoName(platform.ENOENT), "ENOENT");
  assertEquals(errnoName(99999), "E99999");
});

Deno.test("check() returns a result, and throws what a negative one stands for", () => {
  assertEquals(check(0, "read"), 0);
  assertEquals(check(7, "read"), 7);
  const error = assertThrows(() => check(-platform.EPIPE, "send", "/a"), errors.BrokenPipe);
  assert("code" in error && "syscall" in error && "address" in error);
  assertObjectMatch(error, { code: "EPIPE", syscall: "send", address: "/a" });
});

Deno.test("closedError() names the object", () => {
  const error = closedError("Socket");
  assertInstanceOf(error, errors.BadResource);
  assertEquals(error.message, "Cannot use the Socket: it is closed");
  const ended = closedError("Socket", "its streams ended");
  assertEquals(ended.message, "Cannot use the Socket: it is closed; its streams ended");
});

Deno.test("notSupported() is the class for what a system cannot do", () => {
  assertInstanceOf(notSupported("It cannot"), errors.NotSupported);
});

Deno.test("each error class has its name", () => {
  const info = { code: "EINVAL", errno: 22, syscall: "bind" };
  assertEquals(new SyscallError("", info).name, "SyscallError");
  assertEquals(new InvalidAddressError("").name, "InvalidAddressError");
  assertEquals(
    new ControlTruncatedError("", { data: new Uint8Array(0) }).name,
    "ControlTruncatedError",
  );
});

Deno.test("InvalidAddressError is a TypeError: a wrong argument", () => {
  assertInstanceOf(new InvalidAddressError("why"), TypeError);
});

Deno.test("ControlTruncatedError holds the data that came", () => {
  const data = new Uint8Array([1, 2]);
  assertEquals(new ControlTruncatedError("why", { data }).data, data);
});

Deno.test("shown() quotes texts, cuts long ones, and names what has no short text", () => {
  assertEquals(shown("a"), '"a"');
  assertEquals(shown(1), "1");
  assertEquals(shown(null), "null");
  assertEquals(shown(undefined), "undefined");
  assertEquals(shown(() => 1), "a function");
  assertEquals(shown("x".repeat(1000)).length < 200, true);
});
