/** An option that is `undefined` is one that is left out: programs pass on what they were not given. */

import { assert, assertEquals } from "@std/assert";
import { type Anything, test } from "../util/cases.ts";
import { type Objects, objects, OPTIONS, type OptionsCall } from "./calls.ts";
import { functionsWithOptions, propertiesOf } from "./api.ts";

/** How a call ends. None waits. */
async function ending(call: OptionsCall, on: Objects, options: Anything): Promise<string> {
  try {
    const made: Anything = await call(on, options);
    made?.close?.();
    made?.[Symbol.dispose]?.();
    for (const each of Array.isArray(made) ? made : []) each?.close?.();
    return "succeeds";
  } catch (error) {
    return error instanceof Error ? error.name : String(error);
  }
}

test("an option that is undefined is one that is left out", async () => {
  Deno.env.set("NOTIFY_SOCKET", "@nobody");
  const endingOf = async (call: OptionsCall, options: unknown): Promise<string> => {
    using on = objects();
    return await ending(call, on, options);
  };
  const differences: string[] = [];
  let count = 0;
  for (const [name, options] of functionsWithOptions()) {
    const call = OPTIONS[name];
    assert(call !== undefined);
    const without = await endingOf(call, {});
    const optionsLeftOut = await endingOf(call, undefined);
    if (optionsLeftOut !== without) differences.push(`${name}(undefined): ${optionsLeftOut}`);
    for (const key of propertiesOf(options).keys()) {
      const ended = await endingOf(call, { [key]: undefined });
      if (ended !== without) differences.push(`${name} ${key}: ${ended}, not ${without}`);
      count++;
    }
  }
  assertEquals(differences, []);
  assert(count > 100, `${count} options`);
});
