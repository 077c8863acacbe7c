/**
 * How the tests of sockets are registered, and the few things that all of them need.
 *
 * @module
 */

import { platform } from "../../ffi/platform/mod.ts";
import { fcntl } from "../../ffi/syscalls/files.ts";
import { socketpair } from "../../lib/unix/socketpair.ts";
import type { Socket } from "../../lib/handle/socket.ts";
import type { SocketType } from "../../lib/socket/socket_type.ts";
import { noLeaks } from "./descriptors.ts";
import { testUnless } from "./peers.ts";

type TestFn = (t: Deno.TestContext) => void | Promise<void>;

// deno-lint-ignore no-explicit-any -- wrong arguments, and methods that are not there: no type would let them pass
export type Anything = any;

/** Register a test that must leave no descriptor behind. */
export function test(name: string, fn: TestFn): void {
  Deno.test(name, noLeaks(fn));
}

/** Register a test of what Linux alone has, which must leave no descriptor behind. */
export function linuxTest(name: string, fn: TestFn, unless?: string): void {
  const reason = Deno.build.os === "linux" ? unless : "Linux only";
  testUnless(reason, name, noLeaks(fn));
}

/** Whether an emulator stands in for the processor: `tests/arm64.ts` says so. */
export const emulated = Deno.env.get("DENET_EMULATED") === "1";

/** Register a test of what the emulator does differently, which must leave no descriptor behind. */
export function unemulatedTest(name: string, fn: TestFn, why: string): void {
  testUnless(emulated ? why : undefined, name, noLeaks(fn));
}

/** Register a test that only the superuser can pass, which must leave no descriptor behind. */
export function rootTest(name: string, fn: TestFn): void {
  const reason = Deno.build.os !== "linux"
    ? "Linux only"
    : Deno.uid() === 0
    ? undefined
    : "needs root";
  testUnless(reason, name, noLeaks(fn));
}

/** Two connected sockets, closed together. */
export interface SocketPair extends Disposable {
  readonly a: Socket;
  readonly b: Socket;
}

/** Make a pair of sockets: `using pair = connected(); const { a, b } = pair;`. */
export function connected(type: SocketType = "stream"): SocketPair {
  const [a, b] = socketpair({ type });
  return {
    a,
    b,
    [Symbol.dispose](): void {
      a.close();
      b.close();
    },
  };
}

/** All types of sockets. */
export const TYPES = ["stream", "seqpacket", "dgram"] as const satisfies readonly SocketType[];

/** The types of sockets that connect. */
export const CONNECTED = ["stream", "seqpacket"] as const satisfies readonly SocketType[];

/** Make two connected sockets that `stack` closes. */
export function pair(stack: DisposableStack, type: SocketType = "stream"): [Socket, Socket] {
  const [a, b] = socketpair({ type });
  return [stack.use(a), stack.use(b)];
}

/** The types of sockets that this system has pairs of. */
export const PAIRED: readonly SocketType[] = Deno.build.os === "linux"
  ? TYPES
  : ["stream", "dgram"];

/** A text as UTF-8. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** UTF-8 as a text. */
export function text(data: Uint8Array | undefined): string {
  return new TextDecoder().decode(data);
}

/** Whether `fd` is the number of an open descriptor. */
export function isOpen(fd: number): boolean {
  return fcntl(fd, platform.F_GETFD, 0) >= 0;
}

/** Send until the kernel takes no more: the number of bytes that it took. */
export function fill(socket: Socket, size = 4096): number {
  const limit = socket.sendTimeout;
  socket.sendTimeout = 1;
  const data = new Uint8Array(size);
  let total = 0;
  try {
    for (;;) total += socket.writeSync(data);
  } catch (error) {
    if (!(error instanceof Deno.errors.WouldBlock)) throw error;
    return total;
  } finally {
    socket.sendTimeout = limit;
  }
}

/** Let the event loop turn, so that what was started comes to wait. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Wait until the receive that is under way on a socket has taken all that was sent: its event may come late. */
export async function untilTaken(socket: Socket): Promise<void> {
  while (socket.bytesAvailable > 0) await turn();
}

/** Whether a promise is still pending after the event loop has turned a few times. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol("pending");
  const turns = async (): Promise<symbol> => {
    for (let n = 0; n < 5; n++) await turn();
    return pending;
  };
  return await Promise.race([promise.then(() => {}, () => {}), turns()]) === pending;
}

const { gc } = globalThis as { gc?: () => void };

/** Register a test that collects garbage by {@linkcode collectUntil}. */
export function gcTest(name: string, fn: TestFn): void {
  testUnless(gc ? undefined : "needs --v8-flags=--expose-gc", name, fn);
}

/** Collect garbage until `done`, at most for a while: finalizers run in turns of their own. */
export async function collectUntil(done: () => boolean): Promise<void> {
  for (let n = 0; n < 50 && !done(); n++) {
    gc?.();
    await turn();
  }
}

/** Whether an object that `make` returns, and keeps no longer than that, becomes garbage. */
export async function isForgotten(make: () => object | Promise<object>): Promise<boolean> {
  let isGone = false;
  const registry = new FinalizationRegistry(() => isGone = true);
  await (async () => registry.register(await make(), undefined))();
  await collectUntil(() => isGone);
  return isGone;
}
