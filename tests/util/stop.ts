/**
 * What a task does when Ctrl-C or SIGTERM ends it: it ends the programs that it has started, removes its
 * temporary folders and says so in one line. All of that is one step: nothing goes on meanwhile.
 *
 * @module
 */

/** What is left to do at a stop, in the order in which it came up. */
const cleanups = new Set<() => void>();

/** The signals that stop a task, with what does it, and removes itself once nothing is left to do. */
const listeners = ([["SIGINT", 130], ["SIGTERM", 143]] as const).map(([signal, code]) =>
  [signal, (): never => {
    cleanUp();
    console.error(`Stopped by ${signal}`);
    Deno.exit(code);
  }] as const
);

/** Have something done if the task is stopped before the result is disposed of; what came last, first. */
export function onStop(cleanup: () => void): Disposable {
  if (cleanups.size === 0) listeners.forEach((it) => Deno.addSignalListener(...it));
  cleanups.add(cleanup);
  return {
    [Symbol.dispose]: () => {
      if (!cleanups.delete(cleanup) || cleanups.size > 0) return;
      listeners.forEach((it) => Deno.removeSignalListener(...it));
    },
  };
}

/** Do at once what is left to do at a stop: the task is about to end. */
export function cleanUp(): void {
  for (const cleanup of [...cleanups].reverse()) cleanup();
}

/** Start a program that ends with the task; with `detached`, what that starts ends as well. */
export function spawn(command: string, options: Deno.CommandOptions): Deno.ChildProcess {
  const child = new Deno.Command(command, { stdin: "null", ...options }).spawn();
  const ending = onStop(() => {
    try {
      Deno.kill(options.detached === true ? -child.pid : child.pid, "SIGTERM");
    } catch {
      // It has ended by itself.
    }
  });
  child.status.then(() => ending[Symbol.dispose]());
  return child;
}

/** Run a program that ends with the task to its end; what it printed. */
export async function run(
  command: string,
  options: Deno.CommandOptions,
): Promise<Deno.CommandOutput> {
  return await spawn(command, { stdout: "piped", stderr: "piped", ...options }).output();
}
