/**
 * How long each test file took when it ran last.
 *
 * @module
 */

import { ROOT } from "./project.ts";
import type { FileResult } from "./test_file.ts";

const KEPT = new URL("tests/.build/seconds.json", ROOT);

/** The times of test files, kept from run to run. */
export class Times {
  /** The seconds that each file took, by its path. */
  readonly seconds: Record<string, number>;

  private constructor(seconds: Record<string, number>) {
    this.seconds = seconds;
  }

  /** Read what was kept last. */
  static read(): Times {
    try {
      return new Times(JSON.parse(Deno.readTextFileSync(KEPT)));
    } catch {
      return new Times({}); // none was kept, or a run was ended while it kept them
    }
  }

  /** Note how long a file took, if it came to its end. */
  note(file: string, { counts, seconds }: FileResult): void {
    if (counts.failed === 0) this.seconds[file] = Math.round(seconds * 10) / 10;
  }

  /** Keep the times. */
  keep(): void {
    Deno.mkdirSync(new URL(".", KEPT), { recursive: true });
    Deno.writeTextFileSync(KEPT, JSON.stringify(this.seconds));
  }
}
