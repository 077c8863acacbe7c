/**
 * A descriptor in Deno's own event loop: readiness without a thread in between.
 *
 * The only interface of that loop that accepts a foreign descriptor is the pipe of Node's `pipe_wrap`, an
 * internal binding. It reads with plain read(2)s, so it gets an eventfd(2), never a socket.
 *
 * @module
 */

import { closeFd } from "../../../ffi/syscalls/files.ts";
import { eventfd } from "../../../ffi/syscalls/readiness.ts";
import { keepAtThreadEnd } from "../../../ffi/thread_end.ts";
import { nodeProcess } from "../../event_loop.ts";
import { unavailable } from "../errors.ts";
import { closeWithThread } from "../thread_fds.ts";
import { signal } from "./waker.ts";

interface Pipe {
  onread?: () => void;
  open(fd: number): number;
  readStart(): number;
  readStop(): number;
  useUserBuffer?(buffer: Uint8Array): void;
  ref(): void;
  unref(): void;
  close(): void;
}

interface Bindings {
  readonly Pipe: new (type: number) => Pipe;
  readonly constants: { readonly SOCKET: number };
}

interface Process {
  binding?(name: string): Bindings;
}

/** An eventfd(2) that calls back on this thread when it is signalled. Does not keep the process alive at first. */
export class LoopWaker {
  /** The eventfd(2). */
  readonly fd: number;
  readonly #pipe: Pipe;

  /** @throws {Deno.errors.NotSupported} If the binding or eventfd(2) is missing. */
  constructor(callback: () => void) {
    this.fd = eventfd();
    if (this.fd < 0) throw unavailable("An eventfd", this.fd);
    try {
      this.#pipe = openPipe(this.fd);
    } catch (error) {
      closeFd(this.fd);
      throw error;
    }
    this.#pipe.onread = callback;
    this.#pipe.readStart();
    this.#pipe.unref();
  }

  /** Signal it. Called outside of the callback, the event loop calls back in its next turn. */
  set(): void {
    signal(this.fd);
  }

  /** Keep the process alive. */
  ref(): void {
    this.#pipe.ref();
  }

  /** Let the process end. */
  unref(): void {
    this.#pipe.unref();
  }

  /** Close the eventfd(2) when the thread ends. */
  keep(): void {
    closeWithThread(this.fd);
  }

  /** Leave the loop and close the eventfd(2). */
  dispose(): void {
    keepAtThreadEnd(this.fd); // closing the pipe closes it
    this.#pipe.close();
  }
}

function openPipe(fd: number): Pipe {
  const bindings = (nodeProcess() as Process | undefined)?.binding?.("pipe_wrap");
  if (!bindings) throw new Deno.errors.NotSupported("Deno's event loop takes no descriptors");
  const pipe = new bindings.Pipe(bindings.constants.SOCKET);
  // This avoids a buffer of 64 KiB per event, and another turn of the event loop to find no more data.
  pipe.useUserBuffer?.(new Uint8Array(new ArrayBuffer(8)));
  if (pipe.open(fd) === 0) return pipe;
  pipe.close();
  throw new Deno.errors.NotSupported("Deno's event loop does not take an eventfd");
}
