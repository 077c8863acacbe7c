import { assert, assertEquals } from "@std/assert";
import { constantsOf, type ConstantTable } from "../../ffi/platform/constants.ts";
import { type Constants, constants } from "../../lib/unix/constants.ts";
import { darwinArm64, darwinX64, linuxX64 } from "../util/platforms.ts";

/** Both types have the same names: each can be assigned to the other. */
const table: ConstantTable = constants;
const back: Constants = table;

Deno.test("constants are those of this system, and cannot be changed", () => {
  assert(Object.isFrozen(back));
  assertEquals(constants.SOCK_STREAM, 1);
  assertEquals(constants.SCM_CREDENTIALS, Deno.build.os === "linux" ? 2 : undefined);
});

Deno.test("constantsOf() has the names of C only, undefined where a system has none", () => {
  const linux = constantsOf(linuxX64);
  const macos = constantsOf(darwinArm64);
  assertEquals(Object.keys(linux), Object.keys(macos));
  for (const name of Object.keys(linux)) assert(/^[A-Z][A-Z0-9_]+$/.test(name), name);
  assertEquals({ linux: linux.SO_PASSCRED, macos: macos.SO_PASSCRED }, {
    linux: 16,
    macos: undefined,
  });
  assertEquals({ linux: linux.MSG_NOSIGNAL, macos: macos.MSG_NOSIGNAL }, {
    linux: 0x4000,
    macos: undefined,
  });
  assertEquals({
    linuxSHUT_RD: linux.SHUT_RD,
    macosSHUT_RD: macos.SHUT_RD,
    SOL_LOCAL: macos.SOL_LOCAL,
  }, { linuxSHUT_RD: 0, macosSHUT_RD: 0, SOL_LOCAL: 0 });
  assertEquals({ linux: linux.LOCAL_PEERPID, macos: macos.LOCAL_PEERPID }, {
    linux: undefined,
    macos: 2,
  });
  assertEquals(constantsOf(darwinX64), macos);
  const unknown = constantsOf({ ...linuxX64, supported: false });
  assertEquals(Object.values(unknown).filter((it) => it !== undefined), []);
});
