/**
 * The protocol that controls QEMU: JSON, one object per line, with descriptors beside commands.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";
import { delimited, Frames } from "@denet/unix/frames";

/** What QEMU answers. */
interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** A connection to QEMU, ready for commands. */
export class Monitor {
  readonly #lines: Frames;

  private constructor(socket: Socket) {
    this.#lines = new Frames(socket, delimited());
  }

  /** Greet QEMU. */
  static async open(socket: Socket): Promise<Monitor> {
    const monitor = new Monitor(socket);
    await monitor.#read();
    await monitor.execute("qmp_capabilities");
    return monitor;
  }

  /** Run a command; an open file goes with its first byte. */
  async execute(command: string, args?: object, file?: OwnedFd | Socket): Promise<unknown> {
    const line = `${JSON.stringify({ execute: command, arguments: args ?? {} })}\n`;
    await this.#lines.send({ data: new TextEncoder().encode(line), files: file ? [file] : [] });
    for (;;) {
      const answer = await this.#read();
      if (answer.error) throw new Error(`QEMU refuses "${command}": ${answer.error.desc}`);
      if ("return" in answer) return answer.return; // the others are events
    }
  }

  async #read(): Promise<Answer> {
    const line = await this.#lines.next();
    if (line === null) throw new Error("QEMU has closed the connection");
    return JSON.parse(new TextDecoder().decode(line.body));
  }
}
