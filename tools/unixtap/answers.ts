/**
 * How long answers take.
 *
 * @module
 */

import type { Process } from "../inspect/process.ts";
import type { Answers, SlowAnswer } from "./events.ts";

/** As many of the slowest answers are told. */
const KEPT = 5;

/** Collects times from the first byte of a question to the first byte of its answer. */
export class AnswerTimes {
  #count = 0;
  #sum = 0;
  /** The slowest, the quickest of them at the end. */
  #slowest: SlowAnswer[] = [];

  /** Add an answer that took `answer` milliseconds. */
  add(answer: number, connection: number, time: number, process: Process): void {
    this.#count++;
    this.#sum += answer;
    const last = this.#slowest[KEPT - 1];
    if (last !== undefined && answer <= last.answer) return;
    const slow = { connection, answer, time, command: process.command };
    this.#slowest = [...this.#slowest, slow].sort((a, b) => b.answer - a.answer).slice(0, KEPT);
  }

  /** The number, the mean and the slowest, in milliseconds. */
  get summary(): Answers {
    const mean = this.#count === 0 ? 0 : this.#sum / this.#count;
    return { count: this.#count, mean, slowest: this.#slowest[0]?.answer ?? 0 };
  }

  /** The slowest ones, slowest first. */
  get slowest(): readonly SlowAnswer[] {
    return this.#slowest;
  }
}
