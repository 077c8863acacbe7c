/**
 * One listener, whose connections are spread over Workers: only the number of the descriptor goes to the
 * other thread. Run it with `deno task example:workers [WORKERS]`.
 *
 * @module
 */

import { type Listener, unix } from "@denet/unix";
import { main, numberArgument, stopped, temporaryFolder } from "../util.ts";
import { countPrimes, handle } from "./handler.ts";

const REQUESTS = 400;
const CLIENTS = 16;
const LIMIT = 40_000;

/** Passes the descriptor of a connection to the next Worker, which takes it over. */
type Dispatch = (fd: number) => void;

/** Start Workers, and hand each connection to the next one in turn. */
function overWorkers(count: number): Dispatch & Disposable {
  const workers = Array.from({ length: count }, (_, i) => {
    const worker = new Worker(new URL("handler.ts", import.meta.url), { type: "module" });
    worker.postMessage({ thread: i + 1 });
    return worker;
  });
  let next = 0;
  const dispatch = (fd: number): void => workers[next++ % count]?.postMessage({ fd });
  const end = (): void => workers.forEach((it) => it.terminate());
  return Object.assign(dispatch, { [Symbol.dispose]: end });
}

async function accept(listener: Listener, dispatch: Dispatch): Promise<void> {
  for await (const socket of listener) dispatch(socket.detach());
}

/** Ask one question over a connection of its own, and return which Worker answered what. */
async function ask(path: string): Promise<[thread: string, answer: string]> {
  using socket = await unix.connect(path, { signal: stopped });
  await socket.write(new TextEncoder().encode(`${LIMIT}`));
  const [thread = "", answer = ""] = (await new Response(socket.readable).text()).split(" ");
  return [thread, answer];
}

/** Let clients ask until all is answered: requests per second. */
async function measure(dispatch: Dispatch): Promise<number> {
  await using folder = temporaryFolder();
  const path = `${folder.path}/primes.sock`;
  using listener = unix.listen(path, { backlog: 128 });
  const accepting = accept(listener, dispatch);
  await Promise.all(Array.from({ length: CLIENTS }, () => ask(path))); // until everything has started

  const right = `${countPrimes(LIMIT)}`;
  const threads = new Map<string, number>();
  let left = REQUESTS;
  const begin = performance.now();
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    while (left-- > 0) {
      const [thread, answer] = await ask(path);
      if (answer !== right) throw new Error(`Got ${answer} instead of ${right}`);
      threads.set(thread, (threads.get(thread) ?? 0) + 1);
    }
  }));
  const rate = REQUESTS / (performance.now() - begin) * 1000;
  listener.close();
  await accepting;
  const shares = [...threads].sort().map(([thread, count]) => `${count} by thread ${thread}`);
  console.log(`${rate.toFixed(0).padStart(6)} requests/s: ${shares.join(", ")}`);
  return rate;
}

await main(async () => {
  const count = numberArgument(Deno.args[0], Math.max(2, navigator.hardwareConcurrency), 64);
  console.log(
    `${REQUESTS} requests by ${CLIENTS} clients; first one thread, then ${count} Workers`,
  );
  const alone = await measure((fd) => void handle(fd, 0));
  using workers = overWorkers(count);
  const spread = await measure(workers);
  console.log(`${(spread / alone).toFixed(2)} times the throughput`);
}, 1);
