/**
 * Replaces an HTTP server again and again while clients load it, and counts what goes wrong. Run it with
 * `deno task example:restart [RESTARTS]`.
 *
 * @module
 */

import { Load } from "../http.ts";
import { main, numberArgument, start, stopped, temporaryFolder } from "../util.ts";

const CLIENTS = 8;

/** Start the next generation, and wait until it says that it serves. */
async function startServer(folder: string, generation: number): Promise<Deno.ChildProcess> {
  const permissions = ["--allow-ffi", "--allow-net"];
  const server = start(new URL("server.ts", import.meta.url), permissions, [
    folder,
    `${generation}`,
  ]);
  const reader = server.stdout.getReader();
  const { value } = await reader.read();
  if (value === undefined) {
    await server.status;
    throw new Error(`Generation ${generation} does not start`);
  }
  return server;
}

await main(async () => {
  const restarts = numberArgument(Deno.args[0], 50, 10_000);
  await using folder = temporaryFolder();
  let server = await startServer(folder.path, 1);

  const load = new Load({ socketPath: `${folder.path}/http.sock` }, CLIENTS);
  console.log(`restarting ${restarts} times, with ${CLIENTS} clients all the time`);
  const begin = performance.now();
  for (let generation = 2; generation <= restarts + 1; generation++) {
    const successor = await startServer(folder.path, generation);
    await server.status; // answers what it had accepted, and ends
    stopped.throwIfAborted();
    server = successor;
  }
  const seconds = (performance.now() - begin) / 1000;
  const { total, wrong, failed } = await load.end(/^answered by generation \d+$/);
  console.log(`done in ${seconds.toFixed(1)} s`);
  console.log(`${total} requests answered by ${load.answers.size - wrong.length} processes`);
  console.log(`${failed} requests failed or refused`);
  server.kill();
  if (failed > 0) throw new Error(wrong.join("; "));
}, 1);
