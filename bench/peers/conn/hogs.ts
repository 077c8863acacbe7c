import type { Part, Setup } from "./protocol.ts";
import { echo } from "./roundtrip.ts";
import { pair, readFull, type Transport, writeFull } from "./transport.ts";

const size = 64;
const sockets = 40;

/**
 * One operation asks 40 peers at once and waits for all answers, both ends in one process. The answer of a
 * round tells its 99th percentile and the longest turn of the event loop.
 */
export function hogs(transport: Transport): Setup {
  return async (_role, path): Promise<Part> => {
    const clients: Deno.Conn[] = [];
    for (let i = 0; i < sockets; i++) {
      const [client, server] = await pair(transport, `${path}-${i}`);
      void echo(server);
      clients.push(client);
    }
    const turns = new Turns();
    let times: number[] = [];
    return {
      async run(operations: number): Promise<number> {
        turns.start();
        times = [];
        let right = 0;
        for (let i = 0; i < operations; i++) {
          const start = performance.now();
          const answers = await Promise.all(clients.map((client) => ask(client, i & 0xff)));
          times.push(performance.now() - start);
          if (answers.every(Boolean)) right++;
        }
        turns.stop();
        return right;
      },
      figures: () => ({ longest: turns.longest, p99: percentile(times, 0.99) }),
    };
  };
}

async function ask(client: Deno.Conn, value: number): Promise<boolean> {
  const sent = new Uint8Array(size).fill(value);
  await writeFull(client, sent);
  const received = new Uint8Array(size);
  return await readFull(client, received) && received[0] === value;
}

/** The part of `times` (milliseconds) that so many are not above, in nanoseconds. */
function percentile(times: readonly number[], part: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round((sorted[Math.ceil(sorted.length * part) - 1] ?? 0) * 1e6);
}

/** Looks how long the event loop stays away from a timer that is due in each of its turns. */
class Turns {
  /** Nanoseconds. */
  longest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #last = 0;

  start(): void {
    this.longest = 0;
    this.#last = performance.now();
    this.#next();
  }

  #next(): void {
    this.#timer = setTimeout(() => {
      const now = performance.now();
      this.longest = Math.max(this.longest, Math.round((now - this.#last) * 1e6));
      this.#last = now;
      this.#next();
    }, 0);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.longest = Math.max(this.longest, Math.round((performance.now() - this.#last) * 1e6));
  }
}
