import { onStop } from "./stop.ts";

/** A directory of its own for a test, removed with everything in it on disposal. */
export interface TempDir extends Disposable {
  /** The absolute path of the directory, short enough for socket names. */
  readonly path: string;
  /** The path of a name inside the directory. */
  join(...names: string[]): string;
}

/** List the names in a directory, sorted. */
export function namesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(path), ({ name }) => name).sort();
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

/** Make a temporary directory that is also removed when SIGINT or SIGTERM ends the task. */
export function taskTempDir(): TempDir {
  const dir = tempDir();
  const stopping = onStop(() => removeFolder(dir.path));
  return {
    ...dir,
    [Symbol.dispose]: () => {
      stopping[Symbol.dispose]();
      dir[Symbol.dispose]();
    },
  };
}

/** Have a folder removed if the task is stopped while it is being made; not one that is there already. */
export function removeIfStopped(path: string): Disposable {
  try {
    Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return onStop(() => removeFolder(path));
    throw error;
  }
  return { [Symbol.dispose]: () => {} };
}

/** Remove a folder in which programs that are being ended may still write something. */
function removeFolder(path: string): void {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return Deno.removeSync(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
    }
    Atomics.wait(pause, 0, 0, 10);
  }
}
