/**
 * Starts two processes: a giver, which may read one file, and a taker, which may read none. The giver
 * passes the open file to the taker, who prints it. Run it with `deno task example [FILE]`.
 *
 * @module
 */

class Interrupt extends Error {}

/** Ends both processes: on Ctrl-C, and when one of them fails. */
const stopped = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  Deno.addSignalListener(signal, () => stopped.abort(new Interrupt(`Stopped by ${signal}`)));
}

/** The processes, the last one first: it is ended first, and so misses none of the others. */
const children: Deno.ChildProcess[] = [];
stopped.signal.addEventListener("abort", () => {
  for (const child of children) {
    try {
      child.kill();
    } catch { /* it has ended */ }
  }
});

/** Start a script of this folder with no permissions but those named. */
function start(script: string, permissions: string[], args: string[]): Deno.ChildProcess {
  const options = ["run", "--quiet", "--no-prompt", ...permissions];
  const child = new Deno.Command(Deno.execPath(), {
    args: [...options, new URL(script, import.meta.url).href, ...args],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  children.unshift(child);
  child.status.then(({ success }) => success || stopped.abort());
  return child;
}

/** Start both; the taker once the giver has said its first word, since it listens then. */
async function run(file: string, socket: string): Promise<boolean> {
  const giver = start("giver.ts", ["--allow-ffi", `--allow-read=${file}`], [file, socket]);
  let taker: Deno.ChildProcess | undefined;
  let printed: Promise<void> | undefined;
  for await (const line of giver.stdout) {
    await Deno.stdout.write(line);
    if (stopped.signal.aborted) break; // a taker started now would find no giver
    taker ??= start("taker.ts", ["--allow-ffi"], [file, socket]);
    printed ??= taker.stdout.pipeTo(Deno.stdout.writable, { preventClose: true });
  }
  await printed;
  return (await giver.status).success && (await taker?.status)?.success === true;
}

const [path = new URL("letter.txt", import.meta.url).pathname] = Deno.args;
const info = await Deno.stat(path).catch(() => undefined);
if (!info?.isFile) {
  console.error(`Cannot pass "${path}": give the path of a file`);
  Deno.exit(2);
}
const folder = await Deno.makeTempDir({ prefix: "pass-file-" });
const success = await run(await Deno.realPath(path), `${folder}/letter.sock`);
const left = Array.from(Deno.readDirSync(folder), ({ name }) => name);
await Deno.remove(folder, { recursive: true });
if (!success) {
  if (stopped.signal.reason instanceof Interrupt) console.error(stopped.signal.reason.message);
  Deno.exit(1); // whichever failed has said why
}
console.log(`main (process ${Deno.pid}): both have ended; files left behind: ${left.length}`);
Deno.exit(left.length);
