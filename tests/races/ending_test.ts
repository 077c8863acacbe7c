/** Close, dispose, detach and abort against every pending operation, at every moment. */

import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { closeFd } from "../../ffi/syscalls/files.ts";
import { listDescriptors, noLeaks } from "../util/descriptors.ts";
import { kinds, type Pending } from "./operations.ts";

/** When the end comes: right after the start, after microtasks, after the event loop turned. */
const moments: Record<string, () => Promise<void> | undefined> = {
  "at once": () => undefined,
  "after a microtask": () => Promise.resolve(),
  "in the next turn": () => new Promise((resolve) => setTimeout(resolve, 0)),
};

const REASON = new Error("enough");

/** How a pending operation can end, and what it then rejects with. */
const endings: Record<string, (it: Pending, abort: AbortController) => void> = {
  close: ({ owner }) => owner.close(),
  dispose: ({ owner }) => owner[Symbol.dispose](),
  detach: ({ owner }) => closeDetached(owner.detach()),
  abort: (_, abort) => abort.abort(REASON),
  "abort and close": ({ owner }, abort) => {
    abort.abort(REASON);
    owner.close();
  },
  "close and abort": ({ owner }, abort) => {
    owner.close();
    abort.abort(REASON);
  },
};

/** It is open, and has no other owner. */
function closeDetached(fd: number): void {
  assertEquals(closeFd(fd), 0);
}

/** How long an operation may take to notice its end, in milliseconds. */
const LIMIT = 10_000;

async function outcome(operation: Promise<unknown>): Promise<unknown> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hang = new Promise((resolve) => timer = setTimeout(() => resolve("it hangs"), LIMIT));
  const result = await Promise.race([
    operation.then(() => "it succeeds", (error) => error),
    hang,
  ]);
  clearTimeout(timer);
  return result;
}

for (const kind of kinds) {
  Deno.test(
    `${kind.name} ends with its owner or its signal`,
    noLeaks(async () => {
      for (const [moment, pause] of Object.entries(moments)) {
        for (const [ending, end] of Object.entries(endings)) {
          if (ending.includes("abort") && !kind.takesSignal) continue;
          using stack = new DisposableStack();
          const pending = kind.make(stack);
          const abort = new AbortController();
          const ended = outcome(pending.start(kind.takesSignal ? abort.signal : undefined));
          await pause();
          end(pending, abort);
          const result = await ended;
          const what = `${ending} ${moment}`;
          if (ending.startsWith("abort")) assertStrictEquals(result, REASON, what);
          else assertInstanceOf(result, Deno.errors.BadResource, what);
        }
      }
    }),
  );
}

Deno.test(
  "an owner given up while many operations wait leaves none of them behind",
  noLeaks(async () => {
    const before = listDescriptors().size;
    using stack = new DisposableStack();
    const all = Array.from({ length: 10 }, () => kinds.map((kind) => kind.make(stack))).flat();
    const ends = all.map((it) => outcome(it.start()));
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (const { owner } of all) owner.close();
    for (const end of ends) assertInstanceOf(await end, Deno.errors.BadResource);
    stack.dispose();
    assertEquals(listDescriptors().size <= before + 8, true);
  }),
);
