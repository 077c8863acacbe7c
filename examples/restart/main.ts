/**
 * Replaces an HTTP server again and again while clients load it, and counts what goes wrong. Run it with
 * `deno task example:restart [RESTARTS]`.
 *
 * @module
 */

import { get } from "node:http";
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

/** Send one request over a connection of its own; the answer. */
function request(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ socketPath, path: "/", agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => text += part);
      response.on("end", () => resolve(text));
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Send one request after the other until the signal aborts. */
async function load(
  path: string,
  signal: AbortSignal,
  answers: Map<string, number>,
): Promise<void> {
  while (!signal.aborted) {
    const answer = await request(path).catch((error: Error) => `failed: ${error.message}`);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }
}

await main(async () => {
  const restarts = numberArgument(Deno.args[0], 50, 10_000);
  using folder = temporaryFolder();
  let server = await startServer(folder.path, 1);

  const answers = new Map<string, number>();
  const enough = new AbortController();
  const signal = AbortSignal.any([enough.signal, stopped]);
  const clients = Array.from(
    { length: CLIENTS },
    () => load(`${folder.path}/http.sock`, signal, answers),
  );
  console.log(`restarting ${restarts} times, with ${CLIENTS} clients all the time`);
  const begin = performance.now();
  for (let generation = 2; generation <= restarts + 1; generation++) {
    const successor = await startServer(folder.path, generation);
    await server.status; // answers what it had accepted, and ends
    stopped.throwIfAborted();
    server = successor;
  }
  const seconds = (performance.now() - begin) / 1000;
  enough.abort();
  await Promise.all(clients);
  stopped.throwIfAborted();

  const failures = [...answers].filter(([answer]) => !/^answered by generation \d+$/.test(answer));
  const failed = failures.reduce((sum, [, count]) => sum + count, 0);
  const total = [...answers.values()].reduce((sum, count) => sum + count, 0);
  console.log(`done in ${seconds.toFixed(1)} s`);
  console.log(`${total} requests answered by ${answers.size - failures.length} processes`);
  console.log(`${failed} requests failed or refused`);
  server.kill();
  if (failed > 0) throw new Error(failures.map(([answer]) => answer).join("; "));
});
