/** Which backend is opened when, with openers of the test's own. */

import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { platform } from "../../../ffi/platform/mod.ts";
import { BackendSelector, SLEEPS_BEFORE_UPGRADE } from "../../../lib/reactor/backends/selector.ts";
import { unavailable } from "../../../lib/reactor/errors.ts";
import type { Backend, Opener, Sink } from "../../../lib/reactor/types.ts";

/** No method of a sink is called by a selector. */
const sink = {} as Sink;

/** An opener that says when it is tried, and fails with what `failure` returns. */
function opener(name: string, tried: string[], failure?: () => Error | undefined): Opener {
  return () => {
    tried.push(name);
    const error = failure?.();
    if (error !== undefined) throw error;
    return { name } as unknown as Backend;
  };
}

const lacking = (): Error => unavailable("This one", -platform.ENOSYS);
const shortage = (): Error => unavailable("This one", -platform.EMFILE);

Deno.test("openBest() takes the first that works, and then the next", () => {
  const tried: string[] = [];
  const all = [opener("a", tried, lacking), opener("b", tried), opener("c", tried)];
  const selector = new BackendSelector(sink, () => all);
  assertEquals(selector.open().name as string, "b");
  assertEquals({ tried, hasNext: selector.hasNext }, { tried: ["a", "b"], hasNext: true });
  assertEquals(selector.open().name as string, "c");
  assertEquals(selector.hasNext, false);
  assertThrows(() => selector.open(), Deno.errors.NotSupported);
  selector.startAnew();
  assertEquals(selector.open().name as string, "b");
});

Deno.test("where none works, the error names the reason of each", () => {
  const all = [opener("a", [], lacking), opener("b", [], () => new Error("because"))];
  assertThrows(
    () => new BackendSelector(sink, () => all).open(),
    Deno.errors.NotSupported,
    "This one is not available: ENOSYS; because",
  );
});

Deno.test("a shortage is the reason that is told, as it passes", () => {
  const all = [opener("a", [], shortage), opener("b", [], lacking)];
  const error = assertThrows(() => new BackendSelector(sink, () => all).open(), Error);
  assertEquals((error as Error & { code: string }).code, "EMFILE");
});

Deno.test("a missing permission is reported at once", () => {
  const tried: string[] = [];
  const denied = (): Error => new Deno.errors.NotCapable("no");
  const all = [opener("a", tried, denied), opener("b", tried)];
  assertThrows(() => new BackendSelector(sink, () => all).open(), Deno.errors.NotCapable);
  assertEquals(tried, ["a"]);
});

Deno.test("a thread begins with the last backend, and changes to the first one after a number of sleeps", () => {
  const tried: string[] = [];
  const all = [opener("a", tried), opener("b", tried), opener("c", tried)];
  const selector = new BackendSelector(sink, () => all, true);
  assertEquals(selector.open().name as string, "c");
  for (let i = 1; i < SLEEPS_BEFORE_UPGRADE; i++) {
    assertStrictEquals(selector.openBetter(false), undefined);
  }
  assertEquals(tried, ["c"]);
  assertEquals(selector.openBetter(false)?.name as string, "a");
  for (let i = 0; i < 10 * SLEEPS_BEFORE_UPGRADE; i++) {
    assertStrictEquals(selector.openBetter(false), undefined);
  }
  // After a failure of the best one, those behind it are next, and then the first one of all.
  assertEquals(selector.open().name as string, "b");
  assertEquals(selector.open().name as string, "c");
});

Deno.test("openBetter(now) does not wait for sleeps", () => {
  const all = [opener("a", []), opener("b", [])];
  const selector = new BackendSelector(sink, () => all, true);
  selector.open();
  assertEquals(selector.openBetter(true)?.name as string, "a");
});

Deno.test("what failed for a shortage is tried again after twice as many sleeps each time", () => {
  const tried: string[] = [];
  let error: Error | undefined = shortage();
  const all = [opener("a", tried, () => error), opener("b", tried)];
  const selector = new BackendSelector(sink, () => all);
  assertEquals(selector.open().name as string, "b");
  const sleeps: number[] = [];
  for (let i = 1; tried.length < 5 && i < 100 * SLEEPS_BEFORE_UPGRADE; i++) {
    const before = tried.length;
    if (tried.length === 4) error = undefined;
    const better = selector.openBetter(false);
    if (tried.length > before) sleeps.push(i);
    assertEquals(better !== undefined, tried.length === 5);
  }
  assertEquals(sleeps, [1, 3, 7].map((it) => it * SLEEPS_BEFORE_UPGRADE));
});

Deno.test("what failed permanently is not tried again", () => {
  const tried: string[] = [];
  const all = [opener("a", tried, lacking), opener("b", tried)];
  const selector = new BackendSelector(sink, () => all);
  selector.open();
  assertStrictEquals(selector.openBetter(true), undefined);
  assertEquals(tried, ["a", "b"]);
});

Deno.test("end() keeps backends from being opened", () => {
  const tried: string[] = [];
  const selector = new BackendSelector(sink, () => [opener("a", tried)]);
  selector.end();
  assertThrows(() => selector.open(), Deno.errors.NotSupported, "the reactor has ended");
  assertEquals(tried, []);
});
