/**
 * A queue for operations of one direction on one descriptor.
 *
 * @module
 */

interface Waiter {
  readonly ticket: object | undefined;
  enter(): void;
  fail(reason: unknown): void;
}

/** The queue of every direction without waiters, shared: most directions never need another. */
const NO_WAITERS: Waiter[] = [];

/**
 * Lets one operation through at a time, in the order of the calls (FIFO). Entering a free queue allocates
 * nothing.
 */
export class OperationQueue {
  /** Those that wait for their turn; undefined while no operation is inside. */
  #queue: Waiter[] | undefined = undefined;

  /** Enter if no operation is inside. */
  tryEnter(): boolean {
    if (this.#queue !== undefined) return false;
    this.#queue = NO_WAITERS;
    return true;
  }

  /** Whether an operation is inside. */
  get isBusy(): boolean {
    return this.#queue !== undefined;
  }

  /** Whether the last waiter in the queue came with `ticket`: then no other operation came after it. */
  isLast(ticket: object): boolean {
    return this.#queue?.at(-1)?.ticket === ticket;
  }

  /** Wait for the turn. Rejects with the signal's reason, or with what {@linkcode OperationQueue.cancel} was given. */
  enter(signal?: AbortSignal, ticket?: object): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.tryEnter()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const abort = () => {
      const place = this.#queue?.indexOf(waiter) ?? -1;
      if (place >= 0) this.#queue?.splice(place, 1);
      reject(signal?.reason);
    };
    const settle = (action: () => void) => {
      signal?.removeEventListener("abort", abort);
      action();
    };
    const waiter: Waiter = {
      ticket,
      enter: () => settle(resolve),
      fail: (reason) => settle(() => reject(reason)),
    };
    if (this.#queue === undefined || this.#queue === NO_WAITERS) this.#queue = [];
    this.#queue.push(waiter);
    signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Leave: let the next in the queue enter. */
  leave(): void {
    const queue = this.#queue;
    const next = queue === undefined || queue.length === 0 ? undefined : queue.shift();
    if (next === undefined) this.#queue = undefined;
    else next.enter();
  }

  /** Reject every waiter in the queue. The operation that is inside is not affected. */
  cancel(reason: unknown): void {
    const waiting = this.#queue;
    if (waiting === undefined) return;
    this.#queue = NO_WAITERS;
    for (const waiter of waiting) waiter.fail(reason);
  }
}
