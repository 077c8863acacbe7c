import { assert, assertEquals } from "@std/assert";
import { SharedMemory } from "../../../ffi/syscalls/io_uring.ts";
import { OwnedFd } from "../../../lib/handle/owned_fd.ts";
import { linuxTest } from "../../util/cases.ts";

linuxTest("SharedMemory is unmapped once: what is there by then stays", () => {
  using file = OwnedFd.memfd("shared", new Uint8Array(4096).fill(7));
  const first = SharedMemory.map(file.fd, 4096, 0);
  assert(typeof first !== "number");
  first[Symbol.dispose]();
  assertEquals(first.words.length, 0);
  // The kernel takes the same place again.
  const second = SharedMemory.map(file.fd, 4096, 0);
  assert(typeof second !== "number");
  first[Symbol.dispose]();
  assertEquals(second.words[1023], 0x07070707);
  second[Symbol.dispose]();
});
