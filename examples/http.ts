/**
 * Requests to HTTP servers, for examples that serve: one at a time, and many all the time.
 *
 * @module
 */

import { get } from "node:http";
import { stopped } from "./util.ts";

/** A Unix socket by its path, or a TCP port of this machine. */
export type Target = { readonly socketPath: string } | { readonly port: number };

/** Send one request over a connection of its own; the text of the answer. */
export function request(target: Target, path = "/"): Promise<string> {
  return new Promise((resolve, reject) => {
    get({ ...target, path, agent: false, signal: stopped }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => text += part);
      response.on("end", () => resolve(text));
      response.on("error", reject);
    }).on("error", reject);
  });
}

/** Clients that send one request after the other, and count the answers. */
export class Load {
  /** How often each answer came; a failure is an answer, too. */
  readonly answers: Map<string, number> = new Map();
  readonly #clients: Promise<void>[];
  #enough = false;

  constructor(target: Target, clients: number) {
    this.#clients = Array.from({ length: clients }, () => this.#run(target));
  }

  async #run(target: Target): Promise<void> {
    while (!this.#enough && !stopped.aborted) {
      const answer = await request(target).catch((error: Error) => `failed: ${error.message}`);
      this.answers.set(answer, (this.answers.get(answer) ?? 0) + 1);
    }
  }

  /** Wait until so many more of an answer have come. */
  async more(count: number, answer: string): Promise<void> {
    const goal = (this.answers.get(answer) ?? 0) + count;
    while ((this.answers.get(answer) ?? 0) < goal) {
      stopped.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Stop sending; how many answers came in all, and those that do not match `expected`. */
  async end(expected: RegExp): Promise<{ total: number; wrong: string[]; failed: number }> {
    this.#enough = true;
    await Promise.all(this.#clients);
    stopped.throwIfAborted();
    const all = [...this.answers];
    const wrong = all.filter(([answer]) => !expected.test(answer));
    const sum = (of: typeof all): number => of.reduce((total, [, count]) => total + count, 0);
    return { total: sum(all), wrong: wrong.map(([answer]) => answer), failed: sum(wrong) };
  }
}
