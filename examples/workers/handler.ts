/**
 * Answers connections, in whatever thread it is loaded. As a Worker, it gets their descriptors by message.
 *
 * @module
 */

import { Socket } from "@denet/unix";

/** Count the primes below `limit`: work that keeps a thread busy. */
export function countPrimes(limit: number): number {
  let count = 0;
  candidates: for (let n = 2; n < limit; n++) {
    for (let divisor = 2; divisor * divisor <= n; divisor++) {
      if (n % divisor === 0) continue candidates;
    }
    count++;
  }
  return count;
}

/** Own the descriptor of a connection, answer one question, and close it. */
export async function handle(fd: number, thread: number): Promise<void> {
  using socket = Socket.adopt(fd);
  const question = new Uint8Array(16);
  const length = await socket.read(question) ?? 0;
  const limit = Number(new TextDecoder().decode(question.subarray(0, length)));
  await socket.write(new TextEncoder().encode(`${thread} ${countPrimes(limit)}`));
}

if ("WorkerGlobalScope" in globalThis) {
  const worker = globalThis as unknown as Worker;
  let thread = 0;
  worker.onmessage = ({ data }: MessageEvent<{ thread: number } | { fd: number }>): void => {
    if ("thread" in data) thread = data.thread;
    else handle(data.fd, thread);
  };
}
