import { assertEquals, assertThrows } from "@std/assert";
import { watchdogInterval } from "../../lib/systemd/mod.ts";

function withVariables<T>(usec: string | undefined, pid: string | undefined, use: () => T): T {
  const variables = { WATCHDOG_USEC: usec, WATCHDOG_PID: pid };
  for (const [name, value] of Object.entries(variables)) {
    if (value !== undefined) Deno.env.set(name, value);
  }
  try {
    return use();
  } finally {
    for (const name of Object.keys(variables)) Deno.env.delete(name);
  }
}

Deno.test("watchdogInterval() returns milliseconds if this process is watched", () => {
  const cases = [
    [undefined, undefined, undefined],
    [undefined, "1", undefined],
    ["30000000", undefined, 30_000],
    ["1500", `${Deno.pid}`, 1.5],
    ["30000000", "1", undefined],
  ] as const;
  for (const [usec, pid, expected] of cases) {
    assertEquals(withVariables(usec, pid, watchdogInterval), expected);
  }
});

Deno.test("watchdogInterval() throws InvalidData for nonsense", () => {
  const cases = [
    ["0", undefined],
    ["", undefined],
    ["-1", undefined],
    ["5s", undefined],
    ["18446744073709551615", undefined],
    ["30000000", "self"],
  ] as const;
  for (const [usec, pid] of cases) {
    withVariables(usec, pid, () => assertThrows(() => watchdogInterval(), Deno.errors.InvalidData));
  }
});
