/**
 * Finalizers: they close descriptors whose owner was garbage-collected without having been closed.
 *
 * Registration is deferred: it is not cheap, and a registered object survives every minor garbage collection.
 * Most owners are closed a few microtasks after they were made. So an owner is registered only if it is still
 * open after some rounds of microtasks; it is kept reachable until then.
 *
 * @module
 */

import { inMicrotask, inNextTurn } from "../event_loop.ts";
import { article, Descriptor } from "./descriptor.ts";

/** The held value is the descriptor, which never refers to its owner. */
const finalizers = new FinalizationRegistry<Descriptor>((descriptor) => descriptor.close());

/** How many owners are deferred at most. */
const MOST = 64;

/** For how many rounds of microtasks the registration of an owner is deferred. */
const DEFERRED_ROUNDS = 8;

/** After so many rounds in a row, as many descriptors are made, owners are registered once in a turn only. */
const ROUNDS_BEFORE_TURNS = 64;

/** If a turn has fewer owners than this, they are registered after rounds of microtasks again. */
const FEW_PER_TURN = 16;

/**
 * Owners not registered yet, oldest first, with their descriptors and the rounds they came in. New arrays
 * replace full ones: a store into an object that was just made needs no write barrier.
 */
let owners: (object | undefined)[] = Array(MOST);
let descriptors: (Descriptor | undefined)[] = Array(MOST);
const arrivals = new Uint32Array(MOST);
let first = 0;
let count = 0;
let arrived = 0;
let round = 0;
let rounds = 0;
let isQueued = false;

/**
 * Close `descriptor` when `owner` becomes garbage without having closed it.
 *
 * @throws {TypeError} If it is none: JavaScript can call a private constructor.
 */
export function closeOnFinalization(owner: object, descriptor: Descriptor): void {
  if (descriptor?.constructor !== Descriptor) throw notConstructible(owner);
  if (count === MOST) startAnew();
  owners[count] = owner;
  descriptors[count] = descriptor;
  arrivals[count++] = round;
  if (isQueued) return;
  isQueued = true;
  inMicrotask(nextRound);
}

function startAnew(): void {
  registerAll();
  owners = Array(MOST);
  descriptors = Array(MOST);
  arrived += MOST;
}

function nextRound(): void {
  round = (round + 1) >>> 0;
  while (first < count && isDue(first)) registerFirst();
  isQueued = first < count;
  if (!isQueued) {
    first = count = 0;
    if (rounds < ROUNDS_BEFORE_TURNS) rounds = 0;
  } else if (rounds < ROUNDS_BEFORE_TURNS) {
    rounds++;
    inMicrotask(nextRound);
  } else {
    arrived = 0;
    inNextTurn(nextTurn);
  }
}

/** Register all that are deferred: their microtasks have run by the next turn. */
function nextTurn(): void {
  if (arrived + count < FEW_PER_TURN) rounds = 0;
  registerAll();
  isQueued = false;
}

function isDue(i: number): boolean {
  return descriptors[i]?.closed !== false ||
    ((round - (arrivals[i] ?? 0)) >>> 0) >= DEFERRED_ROUNDS;
}

function registerAll(): void {
  while (first < count) registerFirst();
  first = count = 0;
}

function registerFirst(): void {
  const owner = owners[first];
  const descriptor = descriptors[first];
  owners[first] = descriptors[first] = undefined;
  first++;
  if (owner !== undefined && descriptor !== undefined && !descriptor.closed) {
    finalizers.register(owner, descriptor);
  }
}

function notConstructible(owner: object): TypeError {
  const { name } = owner.constructor;
  return new TypeError(
    `Cannot construct ${article(name)}: use \`${name}.adopt\` for a descriptor, or what opens one`,
  );
}
