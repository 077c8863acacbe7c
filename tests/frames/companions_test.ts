import { assertEquals } from "@std/assert";
import { Companions } from "../../lib/frames/companions.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { isOpen } from "../util/cases.ts";
import { noLeaks } from "../util/descriptors.ts";

const open = (): OwnedFd => OwnedFd.open("/dev/null");
const one = { pid: 1, uid: 2, gid: 3 };
const other = { pid: 4, uid: 2, gid: 3 };

Deno.test(
  "Companions.take() gives the descriptors that came with a byte of the frame, in order",
  noLeaks(() => {
    const companions = new Companions();
    using a = open();
    using b = open();
    using c = open();
    companions.note(10, []);
    companions.note(5, [a, b]);
    companions.note(1, [c]);
    assertEquals(companions.take(10)?.files ?? [], []);
    assertEquals(companions.take(1)?.files, [a, b]);
    assertEquals(companions.take(4)?.files, []);
    assertEquals(companions.take(1)?.files, [c]);
    assertEquals(companions.take(0), undefined);
  }),
);

Deno.test(
  "Companions.take() closes the descriptors of a frame that has lost others",
  noLeaks(() => {
    const companions = new Companions();
    const [a, b] = [open(), open()];
    companions.note(2, [a]);
    companions.note(2, [], undefined, { reason: "too many", code: "EMFILE" });
    companions.note(2, [b]);
    const { files, loss } = companions.take(5) ?? {};
    assertEquals({ files, loss }, { files: [], loss: { reason: "too many", code: "EMFILE" } });
    assertEquals(companions.take(1), undefined);
  }),
);

Deno.test(
  "Companions.take() gives a frame no more than 253 descriptors",
  noLeaks(() => {
    const companions = new Companions();
    for (let i = 0; i < 4; i++) companions.note(1, Array.from({ length: 64 }, open));
    const { files, loss } = companions.take(4) ?? {};
    const reason = "more than 253 descriptors came with it, the most for a frame";
    assertEquals({ files, reason: loss?.reason }, { files: [], reason });
  }),
);

Deno.test(
  "Companions.note() closes the descriptors of a frame that has too many, and each of their bytes reports the loss",
  noLeaks(() => {
    const companions = new Companions();
    const files = Array.from({ length: 300 }, open);
    const numbers = files.map(({ fd }) => fd);
    for (const it of files) companions.note(1, [it]);
    assertEquals(numbers.filter(isOpen), numbers.slice(254));
    for (let i = 0; i < 254; i++) assertEquals(companions.take(1)?.loss !== undefined, true);
    const rest = companions.take(46);
    assertEquals({ fileCount: rest?.files.length, loss: rest?.loss }, {
      fileCount: 46,
      loss: undefined,
    });
    for (const it of rest?.files ?? []) it.close();
  }),
);

Deno.test("Companions.take() names a sender only if all bytes are from it", () => {
  const companions = new Companions();
  companions.note(2, [], one);
  companions.note(2, [], { ...one });
  companions.note(2, [], other);
  companions.note(2, []);
  assertEquals(companions.take(3)?.credentials, one);
  assertEquals(companions.take(0)?.credentials, one);
  assertEquals(companions.take(1)?.credentials, one);
  assertEquals(companions.take(1)?.credentials, other);
  assertEquals(companions.take(2)?.credentials, undefined);
  assertEquals(companions.take(1)?.credentials, undefined);
  companions.note(1, [], one);
  assertEquals(companions.take(1)?.credentials, one);
});

Deno.test("Companions.take() names no sender of bytes that have two", () => {
  const companions = new Companions();
  companions.note(1, [], one);
  companions.note(1, [], other);
  companions.note(1, [], one);
  assertEquals(companions.take(2)?.credentials, undefined);
  assertEquals(companions.take(1)?.credentials, one);
});

Deno.test(
  "Companions.close() closes what was not taken",
  noLeaks(() => {
    const companions = new Companions();
    companions.note(1, [open(), open()]);
    companions.note(1, [open()]);
    for (const file of companions.take(1)?.files ?? []) file.close();
    companions.close();
    companions.close();
  }),
);

Deno.test("Companions.close() names the sender of what was not taken", () => {
  const companions = new Companions();
  assertEquals(companions.close(), []);
  companions.note(3, []);
  companions.note(2, [], one);
  companions.note(4, [], other);
  companions.note(1, [], { ...other });
  companions.take(1);
  assertEquals(companions.close(), [
    { size: 2, credentials: undefined },
    { size: 2, credentials: one },
    { size: 5, credentials: other },
  ]);
  companions.take(6);
  assertEquals(companions.close(), [{ size: 3, credentials: other }]);
});

Deno.test(
  "Companions.take() gives 253 descriptors after too many came for an earlier frame",
  noLeaks(() => {
    const companions = new Companions();
    companions.note(1, Array.from({ length: 254 }, open));
    assertEquals(companions.take(1)?.files, []);
    companions.note(1, Array.from({ length: 253 }, open));
    const { files = [], loss } = companions.take(1) ?? {};
    assertEquals({ count: files.length, loss }, { count: 253, loss: undefined });
    for (const it of files) it.close();
  }),
);
