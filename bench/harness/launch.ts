import type { Entered } from "./entries.ts";
import type { Launch } from "./process.ts";
import { startTimed, type TimedPlan } from "./timed.ts";
import type { Runner } from "./types.ts";

/** How the processes of one work are laid out. */
export interface Layout {
  /** The name that the programs know the work by. */
  program: string;
  /** One process with both ends, or a server and a client. */
  processes: 1 | 2;
  /** Processors to pin the server and the client to. */
  cpus?: readonly [server: number, client: number];
  /** A further argument for the programs, instead of the entry's variant. */
  argument?: string;
}

/** Starts one entry's processes as the layout says, on a fresh socket path. */
export async function startEntry(layout: Layout, entered: Entered): Promise<Runner> {
  const { plan } = await planEntry(layout, entered);
  return await startTimed(plan);
}

/** The plan for one entry, and the socket path it uses. */
export async function planEntry(
  layout: Layout,
  entered: Entered,
): Promise<{ plan: TimedPlan; path: string }> {
  const cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "unix-bench-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));
  const path = `${folder}/socket`;
  const launch = launcher(layout, entered, path);
  const plan: TimedPlan = {
    client: layout.processes === 1 ? launch("both", 0) : launch("client", 1),
    roundTime: entered.settings.roundTime,
    cleanup,
  };
  if (layout.processes === 2) plan.server = launch("server", 0);
  return { plan, path };
}

function launcher(
  layout: Layout,
  { entry, program }: Entered,
  path: string,
): (role: string, place: 0 | 1) => Launch {
  const argument = layout.argument ?? entry.variant ?? "";
  return (role, place) => {
    const launch: Launch = {
      command: [...program.command, layout.program, role, path, argument],
      env: entry.env ?? {},
    };
    const cpu = layout.cpus?.[place];
    if (cpu !== undefined) launch.cpu = cpu;
    return launch;
  };
}
