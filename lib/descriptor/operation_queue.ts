/**
 * A queue for operations of one direction on one descriptor.
 *
 * @module
 */

interface Waiter {
  readonly ticket: object | undefined;
  enter(): void;
  fail(reason: unknown): void;
  previous: Waiter | undefined;
  next: Waiter | undefined;
}

/** Waiters in their order. A list: an array would move all that are left at each step, and there may be many. */
class Waiters {
  first: Waiter | undefined = undefined;
  last: Waiter | undefined = undefined;

  add(waiter: Waiter): void {
    waiter.previous = this.last;
    if (this.last === undefined) this.first = waiter;
    else this.last.next = waiter;
    this.last = waiter;
  }

  /** Remove a waiter that is in the list. */
  remove(waiter: Waiter): void {
    const { previous, next } = waiter;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.last = previous;
    else next.previous = previous;
  }
}

/** The queue of every direction without waiters, shared: most directions never need another. */
const NO_WAITERS = new Waiters();

/**
 * Lets one operation through at a time, in the order of the calls (FIFO). Entering a free queue allocates
 * nothing.
 */
export class OperationQueue {
  /** Those that wait for their turn; undefined while no operation is inside. */
  #queue: Waiters | undefined = undefined;

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
    return this.#queue?.last?.ticket === ticket;
  }

  /** Wait for the turn. Rejects with the signal's reason, or with what {@linkcode OperationQueue.cancel} was given. */
  enter(signal?: AbortSignal, ticket?: object): Promise<void> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    if (this.tryEnter()) return Promise.resolve();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    // What ends a wait otherwise takes this off the signal: here the waiter is in the queue.
    const abort = () => {
      this.#queue?.remove(waiter);
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
      previous: undefined,
      next: undefined,
    };
    if (this.#queue === undefined || this.#queue === NO_WAITERS) this.#queue = new Waiters();
    this.#queue.add(waiter);
    signal?.addEventListener("abort", abort, { once: true });
    return promise;
  }

  /** Leave: let the next in the queue enter. */
  leave(): void {
    const queue = this.#queue;
    const next = queue?.first;
    if (queue === undefined || next === undefined) {
      this.#queue = undefined;
      return;
    }
    queue.remove(next);
    next.enter();
  }

  /** Reject every waiter in the queue. The operation that is inside is not affected. */
  cancel(reason: unknown): void {
    const waiting = this.#queue;
    if (waiting === undefined) return;
    this.#queue = NO_WAITERS;
    for (let waiter = waiting.first; waiter !== undefined; waiter = waiter.next) {
      waiter.fail(reason);
    }
  }
}
