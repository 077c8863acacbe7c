import { assert } from "@std/assert";
import { monotonicMicroseconds } from "../../../ffi/syscalls/clock.ts";
import { testUnless } from "../../util/peers.ts";

testUnless(
  Deno.build.os === "linux" ? undefined : "Linux only",
  "monotonicMicroseconds() counts microseconds since the system started",
  () => {
    const [uptime = 0] = Deno.readTextFileSync("/proc/uptime").split(" ").map(Number);
    const first = monotonicMicroseconds();
    const clock = Number(first) / 1e6;
    // Time that the machine has slept counts for the first alone.
    assert(clock > uptime / 100 && clock < uptime + 60, `${clock}, ${uptime}`);
    // A clock that stands still ends this by the time limit of the file.
    while (monotonicMicroseconds() === first);
  },
);
