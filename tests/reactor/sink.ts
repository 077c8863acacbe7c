/**
 * One backend without a reactor: the test is what it tells of events.
 *
 * @module
 */

import { Registration } from "../../lib/reactor/registration.ts";
import type { Backend, Interest, Opener, Sink, Watched } from "../../lib/reactor/types.ts";

/** A backend, the registrations that it knows, and what it has told. */
export class Station implements Sink, Disposable {
  /** The first slots are free: what is multiplied with 0 would be 0 whatever the factor. */
  readonly watched: (Registration | undefined)[] = [undefined, undefined, undefined];
  readonly backend: Backend;
  /** How many events it has delivered. */
  delivered = 0;
  /** How often the event loop has called it. */
  wakes = 0;
  #token = 0;
  #hasEnded = false;
  #onWake: (() => void) | undefined = undefined;

  constructor(open: Opener) {
    this.backend = open(this);
    this.backend.ref();
  }

  get waits(): number {
    return this.watched.filter((it) => it !== undefined && it.awaited !== 0).length;
  }

  /** Add a descriptor. */
  add(fd: number): Registration {
    const registration = new Registration(fd, {
      prepare: () => undefined,
      count: () => {},
      deregister: () => {},
    });
    registration.slot = this.watched.length;
    registration.readToken = this.token();
    this.watched.push(registration);
    return registration;
  }

  /** Wait for a descriptor, as the reactor does: it asks the backend first. */
  wait(registration: Registration, interest: Interest): Promise<void> {
    this.backend.register(registration, interest);
    return registration.wait(interest);
  }

  /** Poll until nothing is found: the number of events. */
  pollAll(): number {
    let found = 0;
    for (let more = -1; more !== 0; found += more) more = this.backend.poll(128);
    return found;
  }

  /** Wait until the event loop has called more than `wakes` times. */
  async woken(wakes: number): Promise<void> {
    while (this.wakes <= wakes) await new Promise<void>((resolve) => this.#onWake = resolve);
  }

  token(): number {
    return ++this.#token;
  }

  deliver(watched: Watched, events: number): void {
    this.delivered++;
    if ((watched as Registration).deliver(events)) watched.unclaimed = 0;
    else watched.unclaimed++;
  }

  reject(_watched: Watched, error: Error): void {
    throw error;
  }

  wake(): void {
    this.wakes++;
    this.#onWake?.();
  }

  fail(error: Error): void {
    throw error;
  }

  /** Dispose of the backend as at the end of the program. */
  end(): void {
    this.#hasEnded = true;
    this.backend.dispose(true);
  }

  [Symbol.dispose](): void {
    if (this.#hasEnded) return;
    for (const it of this.watched) {
      if (it !== undefined && it.registered !== 0) this.backend.deregister(it);
    }
    this.backend.dispose();
  }
}
