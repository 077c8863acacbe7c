/**
 * One schedule: operations, events, aborts, closes and failures in an order that a test gives, and what must
 * hold in all of them.
 *
 * @module
 */

import { IdlePolicy } from "../../lib/reactor/idle_policy.ts";
import { Reactor } from "../../lib/reactor/reactor.ts";
import type { Registration } from "../../lib/reactor/registration.ts";
import { BUDGET } from "../../lib/reactor/scheduler.ts";
import { type Interest, READABLE, WRITABLE } from "../../lib/reactor/types.ts";
import { FakeKernel, FakeLoop, fakeOpeners } from "./fake_kernel.ts";

const SOCKETS = 4;

/** Turns after which an operation that could go through is late, whatever other sockets do. */
const LATE = 3;

/** Events of other sockets after which such an operation is late, within a turn as well. */
const LATE_EVENTS = 32;

/**
 * Milliseconds of the fake clock after which a turn has lasted too long: its time before sleeping, and one slice of a
 * busy poll that it still began.
 */
const LONG = 2.2;

/** Microseconds that a wait may poll. */
const BUSY_POLLS = [0, 20, 1500, 5000];

/** Turns after which nothing may be left to run. */
const SETTLED = 400;

/** What a step does. */
export const STEPS = [
  "read",
  "readWithSignal",
  "write",
  "writeFromOutside",
  "abort",
  "close",
  "waitForSpace",
  "fill",
  "drain",
  "beBusy",
  "microtask",
  "tick",
  "turn",
  "breakBackend",
  "refOrUnref",
  "burst",
  "converse",
  "busyPoll",
] as const;

/** One step: what, and to which socket or how often. */
export interface Step {
  readonly what: typeof STEPS[number];
  readonly socket: number;
  readonly much: number;
}

/** Make a step of a 16-bit number. */
export function step(number: number): Step {
  const what = STEPS[(number >> 4) % STEPS.length] ?? "turn";
  return { what, socket: number & 3, much: (number >> 2) & 3 };
}

/** How a reactor is set up. */
export interface Setup {
  readonly isDeferred: boolean;
  readonly beginWithLast: boolean;
  readonly yielding: boolean;
  readonly polling: boolean;
}

/** An AbortSignal of which the listeners are counted. */
class FakeSignal {
  aborted = false;
  reason: unknown = undefined;
  readonly listeners = new Set<() => void>();

  addEventListener(_type: string, listener: () => void): void {
    this.listeners.add(listener);
  }

  removeEventListener(_type: string, listener: () => void): void {
    this.listeners.delete(listener);
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    for (const listener of [...this.listeners]) listener();
  }
}

interface Operation {
  readonly socket: number;
  readonly interest: Interest;
  readonly signal: FakeSignal | undefined;
  isPending: boolean;
  /** How many events had been delivered when it was first seen that it could go through. */
  readySince: number | undefined;
}

/** One run of a schedule. */
export class Schedule {
  readonly #loop = new FakeLoop();
  readonly #kernel = new FakeKernel(SOCKETS);
  readonly #reactor: Reactor;
  readonly #registrations: Registration[];
  readonly #isUnrefed: boolean[] = Array(SOCKETS).fill(false);
  readonly #operations = new Set<Operation>();
  readonly #signals: FakeSignal[] = [];
  readonly #starved: number[] = Array(SOCKETS).fill(0);
  #breaks = 0;
  #turn = 0;
  #activity = 0;
  #done = 0;
  #doneBefore = 0;
  #deliveredBefore = 0;

  constructor(setup: Setup) {
    const { isDeferred, beginWithLast, ...mechanisms } = setup;
    this.#reactor = new Reactor({
      choose: () => fakeOpeners(this.#kernel, this.#loop, isDeferred),
      beginWithLast,
      loop: this.#loop,
      idle: new IdlePolicy(this.#loop, mechanisms),
    });
    this.#registrations = Array.from({ length: SOCKETS }, (_, fd) => this.#reactor.register(fd));
  }

  /** Run all steps and then everything that is left: throws if something does not hold. */
  async run(steps: readonly Step[]): Promise<void> {
    for (const step of steps) {
      await this.#do(step);
      await this.#settle();
    }
    for (let turns = 0; !this.#loop.isIdle; turns++) {
      check(turns < SETTLED, "The reactor never comes to rest");
      await this.#nextTurn();
    }
    this.#checkRest();
  }

  #do({ what, socket, much }: Step): Promise<void> | void {
    switch (what) {
      case "read":
        return void this.#operate(socket, READABLE, undefined);
      case "readWithSignal":
        return void this.#operate(socket, READABLE, this.#newSignal());
      case "waitForSpace":
        return void this.#operate(socket, WRITABLE, much > 1 ? this.#newSignal() : undefined);
      case "write":
        return this.#kernel.write(socket);
      case "writeFromOutside":
        return this.#loop.later(much * 2 + 1, () => this.#kernel.write(socket));
      case "burst":
        for (let i = 0; i <= much * 4; i++) this.#kernel.write((socket + i) % SOCKETS);
        return;
      case "converse":
        return void this.#converse(socket, 30 * (much + 1));
      case "abort":
        return this.#signals[(socket * 4 + much) % Math.max(1, this.#signals.length)]?.abort(what);
      case "close":
        return this.#close(socket);
      case "fill":
        return this.#kernel.setSpace(socket, false);
      case "drain":
        return this.#kernel.setSpace(socket, true);
      case "beBusy":
        return void this.#beBusy(socket, 50 * (much + 1));
      case "microtask":
        return void this.#loop.runMicrotask();
      case "tick":
        return void this.#loop.runTick();
      case "turn":
        return this.#nextTurn();
      case "breakBackend":
        if (this.#breaks++ < 2) { for (const it of this.#kernel.backends) it.break(); }
        return;
      case "busyPoll": {
        const registration = this.#registrations[socket];
        if (registration) registration.busyPoll = BUSY_POLLS[much] ?? 0;
        return;
      }
      case "refOrUnref":
        return this.#refOrUnref(socket, much);
    }
  }

  #newSignal(): FakeSignal {
    const signal = new FakeSignal();
    this.#signals.push(signal);
    return signal;
  }

  /** Attempt, wait, and attempt again, as every operation does. */
  async #operate(
    socket: number,
    interest: Interest,
    signal: FakeSignal | undefined,
  ): Promise<boolean> {
    const operation: Operation = {
      socket,
      interest,
      signal,
      isPending: true,
      readySince: undefined,
    };
    this.#operations.add(operation);
    const registration = this.#registrations[socket];
    try {
      while (!this.#attempt(socket, interest)) {
        this.#activity++;
        await registration?.wait(interest, signal as unknown as AbortSignal);
        if (signal?.aborted) throw signal.reason;
        if (this.#registrations[socket] !== registration) return false; // closed meanwhile
      }
      this.#starved[socket] = 0;
      operation.isPending = false;
      for (const it of this.#pending(socket)) it.readySince = undefined;
      this.#done++;
      await this.#reactor.yieldIfBudgetSpent();
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error === "abort") return false;
      throw error;
    } finally {
      operation.isPending = false;
      this.#activity++;
      this.#operations.delete(operation);
    }
  }

  #attempt(socket: number, interest: Interest): boolean {
    return interest === READABLE
      ? this.#kernel.take(socket)
      : this.#kernel.isReady(socket, WRITABLE);
  }

  /** Keep the reactor busy with a socket that finds something each time. */
  async #beBusy(socket: number, rounds: number): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      this.#kernel.write(socket);
      if (!await this.#operate(socket, READABLE, undefined)) return;
    }
  }

  /** Wait for an answer that comes at once, again and again: each poll finds an event. */
  async #converse(socket: number, rounds: number): Promise<void> {
    for (let i = 0; i < rounds; i++) {
      const answer = this.#operate(socket, READABLE, undefined);
      this.#kernel.write(socket);
      if (!await answer) return;
    }
  }

  #close(socket: number): void {
    this.#registrations[socket]?.cancel(new Deno.errors.BadResource("closed"));
    check(!this.#kernel.isHeld(socket), "The kernel holds a file that is about to be closed");
    this.#kernel.close(socket);
    this.#registrations[socket] = this.#reactor.register(socket);
    this.#isUnrefed[socket] = false;
  }

  #refOrUnref(socket: number, much: number): void {
    if (much === 3) this.#reactor.backend(); // goes over to the best one
    const isUnrefed = this.#isUnrefed[socket] = !this.#isUnrefed[socket];
    if (isUnrefed) this.#registrations[socket]?.unref();
    else this.#registrations[socket]?.ref();
  }

  /** Let what was resolved go on until it waits again. */
  async #settle(): Promise<void> {
    let before: number;
    do {
      before = this.#activity;
      for (let i = 0; i < 6; i++) await undefined;
    } while (this.#activity !== before);
  }

  async #nextTurn(): Promise<void> {
    await this.#loop.turn(async () => {
      await this.#settle();
      this.#checkBudget();
      this.#checkOrder();
    });
    for (let socket = 0; socket < SOCKETS; socket++) {
      const isLate = this.#pending(socket).some((it) => this.#kernel.isReady(socket, it.interest));
      this.#starved[socket] = isLate ? (this.#starved[socket] ?? 0) + 1 : 0;
      check((this.#starved[socket] ?? 0) <= LATE, "An operation that could go through waits");
    }
  }

  #pending(socket: number): Operation[] {
    return [...this.#operations].filter((it) => it.isPending && it.socket === socket);
  }

  get #delivered(): number {
    return this.#kernel.backends.reduce((sum, it) => sum + it.delivered, 0);
  }

  /** No operation that could go through waits until the others have no more events. */
  #checkOrder(): void {
    const delivered = this.#delivered;
    for (const it of this.#operations) {
      if (!it.isPending || !this.#kernel.isReady(it.socket, it.interest)) it.readySince = undefined;
      else it.readySince ??= delivered;
      const late = delivered - (it.readySince ?? delivered);
      check(late <= LATE_EVENTS, "An operation that could go through waits for quiet");
    }
  }

  /** At most a budget of events in a turn, and little more operations than that. */
  #checkBudget(): void {
    const delivered = this.#delivered;
    if (this.#loop.turns !== this.#turn) {
      this.#turn = this.#loop.turns;
      this.#doneBefore = this.#done;
      this.#deliveredBefore = delivered;
    }
    check(delivered - this.#deliveredBefore <= BUDGET, "A turn delivers too many events");
    check(this.#done - this.#doneBefore <= 2 * BUDGET, "A turn does too many operations");
    check(this.#kernel.largestLimit <= BUDGET, "A poll may deliver too many events");
    check(this.#loop.time - this.#loop.turnBegan <= LONG, "A turn lasts too long");
  }

  #checkRest(): void {
    for (const it of this.#operations) {
      const { socket, interest, signal } = it;
      check(!this.#kernel.isReady(socket, interest), "A wake-up is lost");
      check(!signal?.aborted, "An abort is lost");
      check(
        this.#kernel.isHeld(socket) &&
          ((this.#registrations[socket]?.registered ?? 0) & interest) !== 0,
        "A wait is pending that the kernel was not asked for",
      );
    }
    check(this.#reactor.waits === this.#operations.size, "Waits are counted wrongly");
    const held = [...this.#operations].some((it) => !this.#isUnrefed[it.socket]);
    const [backend] = this.#kernel.backends.filter((it) => it.isParked);
    if (this.#operations.size > 0) {
      check(backend !== undefined, "The reactor rests without parking");
    }
    if (backend) check(backend.isReferenced === held, "The process is kept alive wrongly");
    for (const signal of this.#signals) {
      const uses = [...this.#operations].filter((it) => it.signal === signal).length;
      check(signal.listeners.size === uses, "A listener stays on a signal");
    }
  }
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}
