/**
 * What several examples need: child processes of few permissions, a folder for sockets, and a clean end
 * in any case.
 *
 * @module
 */

const controller = new AbortController();

/** Aborts when the example is told to stop, or a child has failed. Children are ended then. */
export const stopped: AbortSignal = controller.signal;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => controller.abort(new Error(`Stopped by ${signal}`)));
}

/** The programs that run, in the order in which they were started. */
const children = new Set<Deno.ChildProcess>();

stopped.addEventListener("abort", killChildren);

/** Kill the last one first: none sees a program end that it depends on. */
function killChildren(): void {
  for (const child of [...children].reverse()) {
    try {
      child.kill();
    } catch {
      // It has ended by itself.
    }
  }
}

/** End the programs that still run, and wait until they have ended: until then they may write files. */
async function endChildren(): Promise<void> {
  killChildren();
  const ends = [...children].map((child) => child.status);
  children.clear();
  await Promise.all(ends);
}

/**
 * Start a program that ends with the example. None starts once the example is told to stop: nothing would
 * end it any more.
 *
 * @param ended Called if the program ends before it is told to.
 */
export function spawn(
  command: string,
  options: Deno.CommandOptions,
  ended: (status: Deno.CommandStatus) => void = () => {},
): Deno.ChildProcess {
  stopped.throwIfAborted();
  const child = new Deno.Command(command, { stdin: "null", ...options }).spawn();
  children.add(child);
  child.status.then((status) => children.delete(child) && ended(status));
  return child;
}

/** Start a script in a process of its own, with no permissions but those named. */
export function start(
  script: URL,
  permissions: readonly string[],
  args: readonly string[],
): Deno.ChildProcess {
  const options = ["run", "--quiet", "--no-prompt", ...permissions, script.href, ...args];
  return spawn(Deno.execPath(), { args: options, stdout: "piped" }, ({ success, signal }) => {
    // A script that fails has said why.
    if (!success) controller.abort(new Error(signal ? `Stopped by ${signal}` : ""));
  });
}

/** Print what a child prints, until its end. If printing fails, the example is stopped. */
export async function show(child: Deno.ChildProcess): Promise<void> {
  try {
    for await (const bytes of child.stdout) await Deno.stdout.write(bytes);
  } catch (error) {
    controller.abort(error);
  }
}

/** Make a folder for sockets. At the end of the block it is removed, once no program can use it. */
export function temporaryFolder(): AsyncDisposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "denet-" });
  const remove = async (): Promise<void> => {
    await endChildren();
    Deno.removeSync(path, { recursive: true });
  };
  return { path, [Symbol.asyncDispose]: remove };
}

/** Says what this machine lacks. */
class Lacking extends Error {}

/** End because this machine lacks something: no failure of the example. */
export function lacking(what: string): never {
  throw new Lacking(what);
}

/** Run an example that takes at most `most` arguments. An error becomes one line and an exit code. */
export async function main(run: () => Promise<void>, most = 0): Promise<never> {
  const strange = Deno.args.find((it, i) => i >= most || it.startsWith("--"));
  if (strange !== undefined) {
    console.error(
      `Cannot use "${strange}": the example takes ${most === 0 ? "no" : "one"} argument`,
    );
    Deno.exit(2);
  }
  let code = 0;
  try {
    await run();
  } catch (error) {
    const { message } = stopped.aborted ? stopped.reason : error as Error;
    if (message) console.error(message);
    code = error instanceof Lacking ? 77 : 1;
  }
  await endChildren();
  Deno.exit(code);
}

/** Read a whole number from the command line. */
export function numberArgument(text: string | undefined, normal: number, most: number): number {
  const number = text === undefined ? normal : Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  console.error(`Cannot use "${text}": give a whole number from 1 to ${most}`);
  Deno.exit(2);
}
