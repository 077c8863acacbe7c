/** Repeatable randomness: the same seed gives the same numbers on every machine. */
export class Random {
  #state: number;

  constructor(readonly seed: number) {
    this.#state = (seed ^ 0x9e3779b9) | 0 || 1;
  }

  /** An integer from 0 up to, but without, 2^32 (xorshift by Marsaglia). */
  word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return x >>> 0;
  }

  /** An integer from 0 up to, but without, `limit`. */
  below(limit: number): number {
    return this.word() % limit;
  }

  /** One of several things. */
  pick<T>(choices: readonly [T, ...T[]]): T {
    return choices[this.below(choices.length)] ?? choices[0];
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  /** Fill with random bytes. */
  fill(bytes: Uint8Array): void {
    for (let i = 0; i < bytes.byteLength; i++) bytes[i] = this.word();
  }
}

/** A seed from the environment (`SEED`), or a new one. */
export function chosenSeed(): number {
  const text = Deno.env.get("SEED");
  if (text === undefined) return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
  if (!/^\d+$/.test(text)) throw new RangeError(`Cannot use "${text}" as SEED: give an integer`);
  return Number(text);
}

/** A number from the environment, or another. */
export function chosenCount(variable: string, otherwise: number): number {
  const text = Deno.env.get(variable);
  if (text === undefined) return otherwise;
  if (!/^\d+$/.test(text)) {
    throw new RangeError(`Cannot use "${text}" as ${variable}: give a count`);
  }
  return Number(text);
}
