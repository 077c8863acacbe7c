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

/** Start a script in a process of its own, with no permissions but those named. */
export function start(
  script: URL,
  permissions: readonly string[],
  args: readonly string[],
): Deno.ChildProcess {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, script.href, ...args],
    stdin: "null",
    stdout: "piped",
    signal: stopped,
  }).spawn();
  child.status.then(({ success, signal }) => {
    const why = signal ? `Stopped by ${signal}` : `"${script.pathname.split("/").at(-1)}" failed`;
    if (!success) controller.abort(new Error(why));
  });
  return child;
}

/** Print what a child prints, to its end. */
export async function show(child: Deno.ChildProcess): Promise<void> {
  for await (const bytes of child.stdout) await Deno.stdout.write(bytes);
}

/** Make a folder for sockets, and remove it with everything in it at the end of the block. */
export function temporaryFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "denet-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** What this machine lacks. */
class Lacking extends Error {}

/** End because this machine lacks something: no failure of the example. */
export function lacking(what: string): never {
  throw new Lacking(what);
}

/** Run an example that takes so many arguments: an error becomes one line and an exit code. */
export async function main(run: () => Promise<void>, most = 0): Promise<never> {
  const strange = Deno.args.find((it, i) => i >= most || it.startsWith("--"));
  if (strange !== undefined) {
    console.error(
      `Cannot use "${strange}": the example takes ${most === 0 ? "no" : "one"} argument`,
    );
    Deno.exit(2);
  }
  try {
    await run();
    Deno.exit(0);
  } catch (error) {
    console.error(stopped.aborted ? stopped.reason.message : (error as Error).message);
    Deno.exit(error instanceof Lacking ? 77 : 1);
  }
}

/** Read a whole number from the command line. */
export function numberArgument(text: string | undefined, normal: number, most: number): number {
  const number = text === undefined ? normal : Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= most) return number;
  console.error(`Cannot use "${text}": give a whole number from 1 to ${most}`);
  Deno.exit(2);
}
