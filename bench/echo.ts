import { thousandsPerSecond } from "./harness/measures.ts";
import { timedWork } from "./harness/timed_work.ts";
import type { Work } from "./harness/types.ts";

function echoOf(name: string, title: string, program: string, clients: number): Work {
  return timedWork({
    name,
    title: `${title}, round trips of 1 KiB, two processes on two processors`,
    measure: thousandsPerSecond,
    baseline: "deno",
    targets: [{ subject: "module", against: "deno", by: "ratio", atLeast: 1.2 }],
    layout: { program, processes: 2, cpus: [0, 1], argument: `${clients}` },
    entries: [{ peer: "module" }, { peer: "deno" }],
  });
}

/** What a server of few lines does: `conn.readable.pipeTo(conn.writable)`. */
export const echo: Work = echoOf("echo", "pipeTo with 1 client", "echo", 1);

/** The same with clients that all wait at the same time. */
export const manyEchoes: Work = echoOf("echo-many", "pipeTo with 50 clients", "echo", 50);

/** The same server in a Worker. */
export const worker: Work = echoOf("worker", "pipeTo in a Worker with 50 clients", "worker", 50);
