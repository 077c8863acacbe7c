import { assert, assertEquals, assertThrows } from "@std/assert";
import { addSeals, checkedSeals, type Seal, sealsOf } from "../../lib/fd/seals.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { bytes, linuxTest } from "../util/cases.ts";

Deno.test("checkedSeals() takes seals, and nothing else", () => {
  assertEquals(checkedSeals(["write", "seal"]), ["write", "seal"]);
  assertEquals(checkedSeals([]), []);
  for (const wrong of [["writes"], ["write", undefined], "write", null, [[]]]) {
    assertThrows(() => checkedSeals(wrong as Seal[]), TypeError, "Cannot seal against");
  }
});

linuxTest("addSeals() adds to those that there are", () => {
  using file = OwnedFd.memfd("test", bytes("abc"));
  addSeals(file.fd, ["shrink"]);
  addSeals(file.fd, ["grow"]);
  addSeals(file.fd, []);
  assertEquals(sealsOf(file.fd), new Set<Seal>(["shrink", "grow"]));
  assertThrows(() => file.truncateSync(1), Deno.errors.PermissionDenied, "sealed against it");
  assertEquals(file.writeSync(bytes("J")), 1);
  file.addSeals("write", "seal");
  assertThrows(() => file.writeSync(bytes("J")), Deno.errors.PermissionDenied);
  assertThrows(() => file.writeAtSync(bytes("J"), 0), Deno.errors.PermissionDenied, "sealed");
});

linuxTest("addSeals() says why it cannot", () => {
  const refusals: [OwnedFd, string, string][] = [
    [OwnedFd.memfd("test", undefined, { seal: ["seal"] }), "EPERM", "against further seals"],
    [OwnedFd.open("/dev/null", { write: true }), "EINVAL", "only memory files have seals"],
  ];
  for (const [file, code, why] of refusals) {
    const error = assertThrows(() => file.addSeals("write"), Error, why);
    assert("code" in error);
    assertEquals(error.code, code);
    file.close();
  }
  using file = OwnedFd.memfd("test", bytes("abc"), { seal: ["shrink"] });
  const mapping = file.map({ shared: true });
  assertThrows(() => file.addSeals("write"), Deno.errors.Busy, "mapped for writing");
  mapping[Symbol.dispose]();
  file.addSeals("write");
});

linuxTest("sealsOf() fails for what is not open", () => {
  const closed = OwnedFd.memfd("a");
  const { fd } = closed;
  closed.close();
  assertThrows(() => sealsOf(fd), Deno.errors.BadResource, "EBADF");
});
