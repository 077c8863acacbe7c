import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import { socketFile } from "../../../ffi/syscalls/unix_diag.ts";
import { identityOf } from "../../../lib/fd/stat.ts";
import { unix } from "../../../mod.ts";
import { connected, linuxTest } from "../../util/cases.ts";
import { outOfDescriptors } from "../../util/limits.ts";
import { tempDir } from "../../util/tempdir.ts";

linuxTest("socketFile() finds the file that a socket is bound to", () => {
  using dir = tempDir();
  using listener = unix.listen(dir.join("a"));
  const { dev, ino } = Deno.lstatSync(dir.join("a"));
  const file = socketFile(identityOf(listener.fd).inode);
  assert(typeof file !== "number", `${file}`);
  assertEquals(file.device, dev);
  assertEquals(Number(file.inode), (ino ?? 0) % 2 ** 32);
});

linuxTest("socketFile() takes no part of a refusal for a file", () => {
  const taken = new Set(
    Deno.readTextFileSync("/proc/net/unix").split("\n").map((it) => Number(it.split(/\s+/)[6])),
  );
  // The kernel repeats the request in its refusal, and these inode numbers look like the start of a file's attribute.
  const free = Array.from({ length: 100 }, (_, n) => 0x1_0010 + n).filter((it) => !taken.has(it));
  assertNotEquals(free, []);
  for (const inode of free) assertEquals(socketFile(BigInt(inode)), -platform.ENOSYS);
});

linuxTest("socketFile() fails for a socket without a file, for none, and in a shortage", () => {
  using pair = connected();
  using listener = unix.listen(`@denet-diag-${crypto.randomUUID()}`);
  for (const { fd } of [pair.a, listener]) {
    assertEquals(socketFile(identityOf(fd).inode), -platform.ENOSYS);
  }
  assertEquals(socketFile(0xffff_ffffn), -platform.ENOSYS);
  using _shortage = outOfDescriptors();
  assertEquals(socketFile(identityOf(pair.a.fd).inode), -platform.EMFILE);
});
