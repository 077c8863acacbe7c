import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { platform } from "../../ffi/platform/mod.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { callInThread, CallObstacle, type ThreadedCall } from "../../lib/fd/thread_call.ts";
import { OwnedFd } from "../../lib/handle/owned_fd.ts";
import { isOpen, test } from "../util/cases.ts";

/** A call that ends when told, with what it is told, and the numbers that it was made with. */
function gatedCall(): { call: ThreadedCall; fds: number[]; end(result: number): void } {
  const { promise, resolve } = Promise.withResolvers<number>();
  const fds: number[] = [];
  const call = {
    inPool: (fd: number) => {
      fds.push(fd);
      return promise;
    },
    here: (fd: number) => {
      fds.push(fd);
      return -platform.EIO;
    },
  };
  return { call, fds, end: resolve };
}

function nothing(): Descriptor {
  return new Descriptor(OwnedFd.open("/dev/null").detach(), "Test");
}

test("callInThread() works on a duplicate, which it closes", async () => {
  const descriptor = nothing();
  const { call, fds, end } = gatedCall();
  const result = callInThread(descriptor, call);
  assertEquals(fds.length, 1);
  assertNotEquals(fds[0], descriptor.fd);
  assert(isOpen(fds[0] ?? -1));
  end(3);
  assertEquals({ result: await result, isOpen: isOpen(fds[0] ?? -1) }, {
    result: 3,
    isOpen: false,
  });
  descriptor.close();
});

test("callInThread() asks once more for the error number", async () => {
  const descriptor = nothing();
  const { call, fds, end } = gatedCall();
  const result = callInThread(descriptor, call);
  end(-1);
  assertEquals(await result, -platform.EIO);
  assertEquals(fds.length, 2);
  assertEquals(fds[0], fds[1]);
  descriptor.close();
});

for (const result of [3, -1]) {
  test(`callInThread() ends with BadResource when the descriptor is closed meanwhile (${result})`, async () => {
    const descriptor = nothing();
    const { call, fds, end } = gatedCall();
    const called = callInThread(descriptor, call);
    descriptor.close();
    end(result);
    await assertRejects(() => called, Deno.errors.BadResource, "Cannot use the Test: it is closed");
    assertEquals({ fdCount: fds.length, isOpen: isOpen(fds[0] ?? -1) }, {
      fdCount: 1,
      isOpen: false,
    });
  });
}

test("callInThread() ends with BadResource on a descriptor that was closed before", async () => {
  const descriptor = nothing();
  descriptor.close();
  const { call, fds } = gatedCall();
  await assertRejects(() => callInThread(descriptor, call), Deno.errors.BadResource);
  assertEquals(fds, []);
});

test("CallObstacle keeps what its call came to, here or on a thread", async () => {
  const descriptor = nothing();
  const { call, fds, end } = gatedCall();
  const obstacle = new CallObstacle(descriptor, call);
  end(7);
  await obstacle.wait();
  assertEquals(obstacle.result, 7);
  obstacle.waitSync();
  assertEquals({ result: obstacle.result, fds: fds[1] }, {
    result: -platform.EIO,
    fds: descriptor.fd,
  });
  descriptor.close();
});
