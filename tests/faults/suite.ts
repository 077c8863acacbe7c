/**
 * Tests of scenarios.
 *
 * @module
 */

import { openAll } from "../../lib/reactor/mod.ts";
import { type PeerName, testUnless, testWith } from "../util/peers.ts";
import { FaultyLibrary } from "./library.ts";
import { failEach, type Scenario } from "./scenario.ts";

/** Register a test that needs the faulty library, which is made for Linux. */
export function testFaults(
  name: string,
  fn: (library: FaultyLibrary, t: Deno.TestContext) => void | Promise<void>,
): void {
  const run = async (t: Deno.TestContext): Promise<void> => {
    openAll(); // it is kept
    using library = await FaultyLibrary.open();
    await fn(library, t);
  };
  testOnLinux("cc", name, run);
}

/** Register a test that needs what only Linux has, and other programs. */
export function testOnLinux(needs: PeerName | readonly PeerName[], name: string, fn: TestFn): void {
  if (Deno.build.os === "linux") testWith(needs, name, fn);
  else testUnless("it is made for Linux", name, fn);
}

type TestFn = (t: Deno.TestContext) => void | Promise<void>;

/** Register a test that fails every call of every scenario, with every error of its manual page. */
export function testScenarios<T>(name: string, scenarios: readonly Scenario<T>[]): void {
  testFaults(name, async (library, t) => {
    let injected = 0;
    for (const scenario of scenarios) {
      await t.step(scenario.name, async () => {
        injected += await failEach(library, scenario);
      });
    }
    console.log(`${name}: ${injected} faults in ${scenarios.length} operations`);
  });
}
