/**
 * The protocol that controls QEMU: JSON, one object per line, with descriptors beside commands.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";

/** What QEMU answers. */
interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
}

/** A connection to QEMU, ready for commands. */
export class Monitor {
  readonly #socket: Socket;
  readonly #lines: ReadableStreamDefaultReader<string>;
  #rest = "";

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#lines = socket.readable.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Greet QEMU. */
  static async open(socket: Socket): Promise<Monitor> {
    const monitor = new Monitor(socket);
    await monitor.#line();
    await monitor.execute("qmp_capabilities");
    return monitor;
  }

  /** Run a command; an open file goes with its first byte. */
  async execute(command: string, args?: object, file?: OwnedFd | Socket): Promise<unknown> {
    const line = `${JSON.stringify({ execute: command, arguments: args ?? {} })}\n`;
    await this.#socket.send({
      data: new TextEncoder().encode(line),
      files: file === undefined ? [] : [file],
    });
    for (;;) {
      const answer = JSON.parse(await this.#line()) as Answer;
      if (answer.error) throw new Error(`QEMU refuses "${command}": ${answer.error.desc}`);
      if ("return" in answer) return answer.return; // the others are events
    }
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes("\n")) {
      const { value, done } = await this.#lines.read();
      if (done) throw new Error("QEMU has closed the connection");
      this.#rest += value;
    }
    const end = this.#rest.indexOf("\n");
    const line = this.#rest.slice(0, end);
    this.#rest = this.#rest.slice(end + 1);
    return line;
  }
}
