/**
 * The last net for what nobody closed: descriptors whose owner becomes garbage.
 *
 * Registering an owner is not cheap, and a registered object outlives every quick garbage collection. Most
 * owners are closed by whoever awaits them, a few microtasks later: so each waits a while before it is
 * registered, and is kept reachable meanwhile.
 *
 * @module
 */

import { inMicrotask, inNextTurn } from "../event_loop.ts";
import { article, Descriptor } from "./descriptor.ts";

/** Held: the descriptor, never its owner. */
const forgotten = new FinalizationRegistry<Descriptor>((descriptor) => descriptor.close());

/** How many owners may wait to be registered. */
const MOST = 64;

/** For how many rounds of microtasks an owner waits. */
const GRACE = 8;

/** After so many rounds in a row, in a flow of descriptors, they are seen to once in a turn. */
const FLOW = 64;

/** With fewer owners in a turn, the flow is over. */
const TRICKLE = 16;

/**
 * Owners not registered yet, oldest first, with their descriptors and the rounds they came in. New arrays
 * replace full ones: what is stored into an object that has just been made costs next to nothing.
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
 * @throws {TypeError} If it is none: from JavaScript, anybody can call a private constructor.
 */
export function closeWhenForgotten(owner: object, descriptor: Descriptor): void {
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
    if (rounds < FLOW) rounds = 0;
  } else if (rounds < FLOW) {
    rounds++;
    inMicrotask(nextRound);
  } else {
    arrived = 0;
    inNextTurn(nextTurn);
  }
}

/** All that waits has had its microtasks. */
function nextTurn(): void {
  if (arrived + count < TRICKLE) rounds = 0;
  registerAll();
  isQueued = false;
}

function isDue(i: number): boolean {
  return descriptors[i]?.closed !== false || ((round - (arrivals[i] ?? 0)) >>> 0) >= GRACE;
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
    forgotten.register(owner, descriptor);
  }
}

function notConstructible(owner: object): TypeError {
  const { name } = owner.constructor;
  return new TypeError(
    `Cannot construct ${article(name)}: use \`${name}.adopt\` for a descriptor, or what opens one`,
  );
}
