/**
 * The last net for what nobody closed: descriptors whose owner becomes garbage.
 *
 * Registering an owner is not cheap, and a registered object outlives every quick garbage collection. Most
 * owners are closed by whoever awaits them, a few microtasks later: so each waits a while before it is
 * registered, in a ring that keeps it reachable.
 *
 * @module
 */

import { inNextTurn } from "../reactor/event_loop.ts";
import { Descriptor } from "./descriptor.ts";

/** Held: the descriptor, never its owner. */
const forgotten = new FinalizationRegistry<Descriptor>((descriptor) => descriptor.close());

/** How many owners may wait to be registered: a power of two. */
const MOST = 64;

/** For how many rounds of microtasks an owner waits. */
const GRACE = 8;

/** After so many rounds in a row, in a flow of descriptors, the ring is seen to once in a turn. */
const FLOW = 64;

/** With fewer owners in a turn, the flow is over. */
const TRICKLE = 16;

/** Owners not registered yet, oldest first: a ring. */
const owners: (object | undefined)[] = Array(MOST).fill(undefined);
const descriptors: (Descriptor | undefined)[] = Array(MOST).fill(undefined);
const arrivals = new Uint32Array(MOST);
let oldest = 0;
let waiting = 0;
let arrived = 0;
let round = 0;
let rounds = 0;
let isQueued = false;

/**
 * Close `descriptor` when `owner` becomes garbage without having closed it.
 *
 * @throws {TypeError} if it is none: from JavaScript, anybody can call a private constructor
 */
export function closeWhenForgotten(owner: object, descriptor: Descriptor): void {
  if (!(descriptor instanceof Descriptor)) throw notConstructible(owner);
  if (waiting === MOST) registerOldest();
  const i = (oldest + waiting++) % MOST;
  owners[i] = owner;
  descriptors[i] = descriptor;
  arrivals[i] = round;
  arrived++;
  if (isQueued) return;
  isQueued = true;
  queueMicrotask(nextRound);
}

function nextRound(): void {
  round = (round + 1) >>> 0;
  while (waiting > 0 && isDue(oldest)) registerOldest();
  isQueued = waiting > 0;
  if (!isQueued) {
    if (rounds < FLOW) rounds = 0;
  } else if (rounds < FLOW) {
    rounds++;
    queueMicrotask(nextRound);
  } else {
    arrived = 0;
    inNextTurn(nextTurn);
  }
}

/** All that waits has had its microtasks. */
function nextTurn(): void {
  while (waiting > 0) registerOldest();
  isQueued = false;
  if (arrived < TRICKLE) rounds = 0;
}

function isDue(i: number): boolean {
  return descriptors[i]?.closed !== false || ((round - (arrivals[i] ?? 0)) >>> 0) >= GRACE;
}

function registerOldest(): void {
  const owner = owners[oldest];
  const descriptor = descriptors[oldest];
  owners[oldest] = descriptors[oldest] = undefined;
  oldest = (oldest + 1) % MOST;
  waiting--;
  if (owner !== undefined && descriptor !== undefined && !descriptor.closed) {
    forgotten.register(owner, descriptor);
  }
}

function notConstructible(owner: object): TypeError {
  const { name } = owner.constructor;
  return new TypeError(
    `Cannot construct a ${name}: use \`${name}.adopt\` for a descriptor, or what opens one`,
  );
}
