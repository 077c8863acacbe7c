import { assertEquals, assertThrows } from "@std/assert";
import { pipe } from "../../ffi/syscalls/readiness.ts";
import { Descriptor } from "../../lib/descriptor/descriptor.ts";
import { Listener, OwnedFd, Socket } from "../../mod.ts";
import { closeOnFinalization } from "../../lib/descriptor/finalizer.ts";
import { collectUntil, gcTest, test, turn } from "../util/cases.ts";

/** Both ends of a pipe. */
function ends(): { descriptor: Descriptor; other: Descriptor } {
  const fds = pipe();
  if (typeof fds === "number") throw new Error(`pipe: ${fds}`);
  return { descriptor: new Descriptor(fds[0], "Reader"), other: new Descriptor(fds[1], "Writer") };
}

/** Register the ends of a pipe with owners that nothing else refers to. */
function forget(made: Descriptor[]): void {
  const { descriptor, other } = ends();
  closeOnFinalization({}, descriptor);
  closeOnFinalization({}, other);
  made.push(descriptor, other);
}

/** The number of those that garbage collection leaves open. */
async function left(made: readonly Descriptor[]): Promise<number> {
  await collectUntil(() => made.every((it) => it.closed));
  return made.filter((it) => !it.closed).length;
}

gcTest("closeOnFinalization() closes what becomes garbage", async () => {
  const { descriptor, other } = ends();
  (() => closeOnFinalization({}, descriptor))();
  const kept = {};
  closeOnFinalization(kept, other);
  await collectUntil(() => descriptor.closed);
  assertEquals({ descriptorClosed: descriptor.closed, otherClosed: other.closed }, {
    descriptorClosed: true,
    otherClosed: false,
  });
  other.close();
  closeOnFinalization(kept, other);
});

gcTest("closeOnFinalization() copes with many in one step", async () => {
  const made: Descriptor[] = [];
  for (let n = 0; n < 100; n++) forget(made);
  assertEquals(await left(made), 0);
});

gcTest(
  "closeOnFinalization() copes with one after another, for many rounds of microtasks",
  async () => {
    const made: Descriptor[] = [];
    const kept: object[] = [];
    const held: Descriptor[] = [];
    for (let n = 0; n < 400; n++) {
      if (n % 4 === 0) forget(made);
      if (n % 100 === 50) {
        const { descriptor, other } = ends();
        kept.push({});
        closeOnFinalization(kept.at(-1) ?? {}, descriptor);
        held.push(descriptor);
        other.close();
      }
      await undefined;
    }
    assertEquals(await left(made), 0);
    assertEquals({ keptCount: kept.length, heldCount: held.filter((it) => it.closed).length }, {
      keptCount: 4,
      heldCount: 0,
    });
    for (const it of held) it.close();
  },
);

gcTest("closeOnFinalization() registers owners that come after many rounds in a row", async () => {
  const made: Descriptor[] = [];
  for (let n = 0; n < 200; n++) {
    const { descriptor, other } = ends();
    closeOnFinalization({}, descriptor);
    descriptor.close();
    other.close();
    await undefined;
  }
  for (let n = 0; n < 5; n++) {
    forget(made);
    await turn();
  }
  forget(made);
  assertEquals(await left(made), 0);
});

test("OwnedFd, Socket and Listener are not constructed from a number", () => {
  for (const owner of [OwnedFd, Socket, Listener]) {
    const construct = (): unknown => Reflect.construct(owner, [0, "stream", {}]);
    assertThrows(construct, TypeError, `use \`${owner.name}.adopt\``);
  }
});

gcTest("closeOnFinalization() keeps nothing of the many that come and go", async () => {
  const { descriptor, other } = ends();
  descriptor.close();
  other.close();
  const use = async (turns: number): Promise<number> => {
    for (let n = 0; n < turns; n++) {
      for (let m = 0; m < 2000; m++) closeOnFinalization({}, descriptor);
      await turn();
    }
    (globalThis as { gc?: () => void }).gc?.();
    return Deno.memoryUsage().heapUsed;
  };
  const before = await use(5);
  const inOneStep = (() => {
    for (let m = 0; m < 200_000; m++) closeOnFinalization({}, descriptor);
    (globalThis as { gc?: () => void }).gc?.();
    return Deno.memoryUsage().heapUsed;
  })();
  assertEquals(Math.max(0, inOneStep - before) < 1_000_000, true);
  assertEquals(Math.max(0, await use(100) - before) < 1_000_000, true);
});
