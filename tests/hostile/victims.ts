/**
 * Processes to be killed.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { compileC } from "../util/cc.ts";
import { type LineProcess, startDeno, startProcess } from "../util/process.ts";
import type { Part } from "./victim.ts";

/** Processes on this module, some of them started ahead: that takes longer than what they are needed for. */
export class Victims implements AsyncDisposable {
  readonly #waiting: LineProcess[] = [];
  readonly #ahead: number;

  /** @param ahead How many to have waiting. */
  constructor(ahead = 3) {
    this.#ahead = ahead;
  }

  #fill(): void {
    while (this.#waiting.length < this.#ahead) {
      const script = new URL("victim.ts", import.meta.url);
      this.#waiting.push(startDeno(script, ["--allow-ffi"]));
    }
  }

  /** A victim that plays a part, from this moment on. */
  async play(part: Part): Promise<LineProcess> {
    this.#fill();
    const victim = this.#waiting.shift();
    if (victim === undefined) throw new Error("There is no victim");
    this.#fill();
    assertEquals(await victim.readLine(), "started");
    await victim.writeLine(JSON.stringify(part));
    return victim;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#waiting.map((it) => it[Symbol.asyncDispose]()));
  }
}

/** A victim in C that plays a part. */
export async function playInC({ role, path, type }: Part): Promise<LineProcess> {
  return startProcess(await compileC("victim"), { args: [role, path, type] });
}
