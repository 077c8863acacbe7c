/**
 * What the messages of a client can go through on their way to a server.
 *
 * @module
 */

import { spawn as spawnForTask } from "../tests/util/stop.ts";
import { entryOf, TOOLS } from "../tools/permissions.ts";
import { Unable } from "./harness/types.ts";

/** A way from a client to a server. */
export interface Way {
  readonly id: string;
  readonly label: string;
  /** The command that listens on one path and passes on to another; nothing is between without it. */
  readonly proxy?: (from: string, to: string) => string[];
  /** Whether a process of its own, whose time is not counted, does the work. */
  readonly forks?: true;
}

function unixtap(from: string, to: string): string[] {
  return [
    ...[Deno.execPath(), "run", "--no-prompt", ...TOOLS.unixtap, entryOf("unixtap").pathname],
    ...["--type", "stream", "--output", "/dev/null", from, to],
  ];
}

/** `socat` passes bytes only. */
export const WAYS: readonly Way[] = [
  { id: "direct", label: "straight to the server" },
  { id: "unixtap", label: "through unixtap, all printed", proxy: unixtap },
  {
    id: "socat",
    label: "through socat, nothing printed",
    proxy: (from, to) => ["socat", `UNIX-LISTEN:${from},fork,backlog=4096`, `UNIX-CONNECT:${to}`],
    forks: true,
  },
];

/** Start what is between on a way, if anything is; where clients connect, and its process ID. */
export async function startProxy(
  { proxy }: Way,
  from: string,
  to: string,
  stack: AsyncDisposableStack,
): Promise<{ path: string; pid: number | undefined }> {
  if (proxy === undefined) return { path: to, pid: undefined };
  return { path: from, pid: await start(proxy(from, to), from, stack) };
}

/** Start a program and wait until it listens; its process ID. */
export async function start(
  [command = "", ...args]: string[],
  socket: string,
  stack: AsyncDisposableStack,
): Promise<number> {
  const child = spawn(command, args);
  stack.defer(async () => {
    child.kill();
    await child.status;
  });
  let ended = false;
  child.status.then(() => ended = true);
  while (!listens(socket)) {
    if (ended) throw new Unable("failed", `${command} has ended`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return child.pid;
}

/** `__SO_ACCEPTCON` among the flags. */
const LISTENING = "00010000";

/** Whether a socket listens. A connection would reach the server behind a proxy. */
function listens(socket: string): boolean {
  return Deno.readTextFileSync("/proc/net/unix").split("\n")
    .some((it) => it.endsWith(` ${socket}`) && it.split(" ")[3] === LISTENING);
}

/** Start a program whose input and output do not matter. */
export function spawn(command: string, args: string[]): Deno.ChildProcess {
  try {
    // Deno looks for a newer version soon after its start: not in the middle of a measurement.
    const env = { DENO_NO_UPDATE_CHECK: "1" };
    return spawnForTask(command, { args, env, stdout: "null", stderr: "null" });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Unable("missing", `${command} is not installed`);
  }
}
