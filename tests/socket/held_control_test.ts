import { assert, assertEquals, assertThrows } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { cmsgSpace, parseControl, readDescriptors, writeControl } from "../../lib/message/cmsg.ts";
import { HeldControl } from "../../lib/socket/held_control.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { isOpen, test } from "../util/cases.ts";
import { countDescriptors } from "../util/descriptors.ts";

const { SOL_SOCKET, SCM_RIGHTS } = platform;

/** Control data with several messages: descriptors in two of them, and something else in between. */
function controlWith(...descriptors: readonly number[]): Uint8Array {
  const size = cmsgSpace(4, platform);
  const buffer = new Uint8Array((descriptors.length + 1) * size);
  descriptors.forEach((fd, i) => {
    const payload = writeControl(buffer, i * size, SOL_SOCKET, SCM_RIGHTS, 4, platform);
    new DataView(payload.buffer, payload.byteOffset).setInt32(0, fd, true);
  });
  const last = descriptors.length * size;
  writeControl(buffer, last, SOL_SOCKET, 4711, 4, platform).fill(7);
  return buffer;
}

test("HeldControl puts duplicates in place of all descriptors, and closes them once", () => {
  using file = OwnedFd.open("/dev/zero");
  const given = controlWith(file.fd, 0);
  const before = countDescriptors();
  const held = new HeldControl(given);
  assertEquals(countDescriptors(), before + 2);
  assertEquals(held.length, given.byteLength);
  assert(held.address > 0);
  held.release();
  // The number may be taken by now.
  using _other = OwnedFd.open("/dev/null");
  held.release();
  assertEquals({ descriptors: countDescriptors(), isOpen: isOpen(file.fd) }, {
    descriptors: before + 1,
    isOpen: true,
  });
  const [first, second, third] = parseControl(given, platform).map(({ data }) =>
    readDescriptors(data)
  );
  assertEquals(
    { first, second, third },
    { first: [file.fd], second: [0], third: [0x07070707] },
    "what was given is left as it was",
  );
});

test("HeldControl with a descriptor that is not open holds nothing", () => {
  const before = countDescriptors();
  assertThrows(() => new HeldControl(controlWith(0, 1, 0x7ffffffe)), Deno.errors.BadResource);
  assertEquals(countDescriptors(), before);
});

test("HeldControl of no control data is empty", () => {
  assertEquals(new HeldControl(new Uint8Array(0)).length, 0);
});
