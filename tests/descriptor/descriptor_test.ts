import { assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { closeFd, write } from "../../ffi/syscalls/files.ts";
import { duplicate } from "../../lib/fd/file_like.ts";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { READABLE, WRITABLE } from "../../lib/reactor/mod.ts";
import { connected, fill, isOpen, isPending, test, turn } from "../util/cases.ts";

/** The reading end of a pipe, and the number of the other. */
function reading(): { descriptor: Descriptor; other: Descriptor } {
  const ends = pipe();
  if (typeof ends === "number") throw new Error(`pipe: ${ends}`);
  return {
    descriptor: new Descriptor(ends[0], "Reader"),
    other: new Descriptor(ends[1], "Writer"),
  };
}

test("close() closes the descriptor once, and never touches a reused number", () => {
  const { descriptor, other } = reading();
  const { fd } = descriptor;
  descriptor.close();
  assertEquals({ isOpen: isOpen(fd), closed: descriptor.closed }, { isOpen: false, closed: true });
  using again = Deno.openSync("/dev/null");
  assertEquals(isOpen(fd), true, "the lowest free number is reused");
  descriptor.close();
  assertEquals(isOpen(fd), true);
  again.readSync(new Uint8Array(1));
  other.close();
});

test("close() leaves a number alone that was closed elsewhere and has another owner", () => {
  const { descriptor, other } = reading();
  const { fd } = descriptor;
  assertEquals(closeFd(fd), 0);
  const next = new Descriptor(duplicate(other.fd), "Next");
  assertEquals(next.fd, fd, "the lowest free number is reused");
  descriptor.close();
  assertEquals(isOpen(fd), true);
  next.close();
  other.close();
});

test("an object whose descriptor was closed elsewhere ends no wait of the next owner of the number", async () => {
  const { descriptor, other } = reading();
  const { fd } = descriptor;
  const lost = descriptor.wait(READABLE).catch((error) => error);
  await turn();
  assertEquals(closeFd(fd), 0);
  const next = reading();
  assertEquals(next.descriptor.fd, fd, "the lowest free number is reused");
  const wait = next.descriptor.wait(READABLE);
  await turn();
  assertEquals([descriptor.closed, next.descriptor.closed], [true, false]);
  assertEquals((await lost).constructor, Deno.errors.BadResource);
  descriptor.close();
  assertEquals(write(next.other.fd, new Uint8Array(1)), 1);
  await wait;
  for (const it of [other, next.descriptor, next.other]) it.close();
});

test("adopt() refuses a number that has an owner, and takes it once that gave it up", () => {
  const { descriptor, other } = reading();
  const { fd } = descriptor;
  assertThrows(() => Descriptor.adopt(fd, "Test"), Deno.errors.Busy, `descriptor ${fd}: a Reader`);
  descriptor.release();
  const adopted = Descriptor.adopt(fd, "OwnedFd");
  assertThrows(() => Descriptor.adopt(fd, "Test"), Deno.errors.Busy, "an OwnedFd owns it already");
  adopted.close();
  assertEquals(isOpen(fd), false);
  other.close();
});

test("fd throws BadResource with the owner's name once it was given up", () => {
  const { descriptor, other } = reading();
  descriptor.close();
  assertThrows(() => descriptor.fd, Deno.errors.BadResource, "Cannot use the Reader: it is closed");
  assertThrows(
    () => descriptor.release(),
    Deno.errors.BadResource,
    "Cannot use the Reader: it is closed",
  );
  other.close();
});

test("an operation afterwards says whether it was closed or detached", () => {
  const { descriptor, other } = reading();
  const fd = descriptor.release();
  assertThrows(
    () => descriptor.fd,
    Deno.errors.BadResource,
    "Cannot use the Reader: it is closed; its descriptor was detached",
  );
  new Descriptor(fd, "Reader").close();
  other.close();
  assertThrows(() => other.fd, Deno.errors.BadResource, "Cannot use the Writer: it is closed");
});

test("release() gives the number up without closing it", () => {
  const { descriptor, other } = reading();
  const fd = descriptor.release();
  assertEquals({ isOpen: isOpen(fd), closed: descriptor.closed }, { isOpen: true, closed: true });
  descriptor.close();
  assertEquals(isOpen(fd), true);
  new Descriptor(fd, "Reader").close();
  other.close();
});

for (const how of ["close", "release"] as const) {
  for (const what of ["readable", "writable", "delay"] as const) {
    test(`${how}() ends waits with BadResource where nothing else waits (${what})`, async () => {
      using pair = connected();
      fill(pair.a);
      const fd = pair.a.detach();
      const descriptor = new Descriptor(fd, "Test");
      const waits = [1, 2].map(() =>
        what === "delay"
          ? descriptor.delay(1e8)
          : descriptor.wait(what === "readable" ? READABLE : WRITABLE)
      );
      assertEquals(await isPending(Promise.race(waits)), true);
      descriptor[how]();
      for (const wait of waits) {
        await assertRejects(
          () => wait,
          Deno.errors.BadResource,
          "Cannot use the Test: it is closed",
        );
      }
      if (how === "release") new Descriptor(fd, "Test").close();
    });
  }

  for (const direction of ["reading", "writing"] as const) {
    test(`${how}() rejects operations that wait for their turn of ${direction} alone`, async () => {
      using pair = connected();
      const fd = pair.a.detach();
      const descriptor = new Descriptor(fd, "Test");
      const queue = descriptor[direction];
      assertEquals(queue.tryEnter(), true);
      const entry = assertRejects(() => queue.enter(), Deno.errors.BadResource, "it is closed");
      descriptor[how]();
      assertEquals(await isPending(entry), false, "an operation in the queue still waits");
      await entry;
      if (how === "release") new Descriptor(fd, "Test").close();
    });
  }
}

test("close() lets the peer see the end, although something waited", async () => {
  using pair = connected();
  const wait = pair.a.read(new Uint8Array(1));
  await turn();
  pair.a.close();
  await assertRejects(() => wait, Deno.errors.BadResource);
  assertEquals(await pair.b.read(new Uint8Array(1)), null);
});

test("close() runs beforeClose while the descriptor is open, release() does not", () => {
  const { descriptor, other } = reading();
  const log: boolean[] = [];
  const { fd } = descriptor;
  descriptor.beforeClose = () => log.push(isOpen(fd));
  descriptor.close();
  descriptor.close();
  assertEquals(log, [true]);
  other.beforeClose = () => log.push(false);
  new Descriptor(other.release(), "Writer").close();
  assertEquals(log, [true]);
});

test("closeTogether() closes the dependent, unless closeApart() came before", () => {
  const first = reading();
  first.descriptor.closeTogether(first.other);
  first.descriptor.close();
  assertEquals(first.other.closed, true);

  const second = reading();
  second.descriptor.closeTogether(second.other);
  second.descriptor.closeApart(second.other);
  second.descriptor.close();
  assertEquals(second.other.closed, false);
  second.other.close();
});

test("wait() ends when the descriptor is ready, for its own direction only", async () => {
  using pair = connected();
  const descriptor = new Descriptor(pair.a.detach(), "Test");
  await descriptor.wait(WRITABLE);
  const wait = descriptor.wait(READABLE);
  assertEquals(await isPending(wait), true);
  pair.b.writeSync(new Uint8Array(1));
  await wait;
  descriptor.close();
});

test("wait() ends with the signal's reason", async () => {
  using pair = connected();
  const descriptor = new Descriptor(pair.a.detach(), "Test");
  const reason = new Error("enough");
  const abort = new AbortController();
  const wait = descriptor.wait(READABLE, abort.signal);
  abort.abort(reason);
  assertStrictEquals(await assertRejects(() => wait), reason);
  descriptor.close();
});

test("busyPoll is kept, whether the descriptor waited before or not", async () => {
  using pair = connected();
  const descriptor = new Descriptor(pair.a.detach(), "Test");
  descriptor.busyPoll = 5;
  await descriptor.wait(WRITABLE);
  descriptor.busyPoll = 7;
  assertEquals(descriptor.busyPoll, 7);
  await descriptor.wait(WRITABLE);
  descriptor.close();
});
