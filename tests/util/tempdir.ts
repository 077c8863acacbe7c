/** A directory of its own for a test, removed with everything in it on disposal. */
export interface TempDir extends Disposable {
  /** The absolute path of the directory, short enough for socket names. */
  readonly path: string;
  /** The path of a name inside the directory. */
  join(...names: string[]): string;
}

/** Names the folder that a program's temporary directories go to, where its test removes that. */
export const PARENT = "DENET_TEMP";

/** Make a temporary directory: `using dir = tempDir()`. */
export function tempDir(): TempDir {
  // Not $TMPDIR: on macOS it alone fills half of the 104 bytes that a socket's path may have.
  const parent = Deno.env.get(PARENT) ?? "/tmp";
  const path = Deno.makeTempDirSync({ dir: parent, prefix: "denet-" });
  return {
    path,
    join: (...names) => [path, ...names].join("/"),
    [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }),
  };
}

/**
 * Make a temporary directory that is also removed when SIGINT or SIGTERM ends the task.
 *
 * @param endAll What ends the processes that use it.
 */
export function taskTempDir(endAll: () => void = () => {}): TempDir {
  const dir = tempDir();
  const signals = ["SIGINT", "SIGTERM"] as const;
  const stop = (): never => {
    endAll();
    dir[Symbol.dispose]();
    Deno.exit(130);
  };
  for (const it of signals) Deno.addSignalListener(it, stop);
  return {
    ...dir,
    [Symbol.dispose]: () => {
      for (const it of signals) Deno.removeSignalListener(it, stop);
      dir[Symbol.dispose]();
    },
  };
}
