/**
 * Starts two processes: a giver, which may read one file, and a taker, which may read none. The giver
 * passes the open file to the taker, which prints it. Run it with `deno task example [FILE]`.
 *
 * @module
 */

import { main, show, start, stopped, temporaryFolder } from "../util.ts";

const GIVER = new URL("giver.ts", import.meta.url);
const TAKER = new URL("taker.ts", import.meta.url);

/** Start both: the taker after the first line of the giver, which listens then. */
async function run(file: string, socket: string): Promise<void> {
  const giver = start(GIVER, ["--allow-ffi", `--allow-read=${file}`], [file, socket]);
  let printed: Promise<void> | undefined;
  for await (const line of giver.stdout) {
    await Deno.stdout.write(line);
    printed ??= show(start(TAKER, ["--allow-ffi"], [file, socket]));
  }
  await printed;
  await giver.status;
  stopped.throwIfAborted(); // or if one of them has failed
}

await main(async () => {
  const [path = new URL("letter.txt", import.meta.url).pathname] = Deno.args;
  const info = await Deno.stat(path).catch(() => undefined);
  if (!info?.isFile) {
    console.error(`Cannot pass "${path}": give the path of a file`);
    Deno.exit(2);
  }
  await using folder = temporaryFolder();
  await run(await Deno.realPath(path), `${folder.path}/letter.sock`);
  const left = Array.from(Deno.readDirSync(folder.path), ({ name }) => name);
  if (left.length > 0) throw new Error(`Files left behind: ${left}`);
  console.log(`main (process ${Deno.pid}): both have ended; files left behind: 0`);
}, 1);
