/**
 * The channel between Node and its child processes, which `process.on("message", handle)` uses: a line of
 * JSON for each message; a descriptor comes with the line that announces it, and is acknowledged.
 *
 * @module
 */

import type { FileLike, OwnedFd, Socket } from "@denet/unix";
import { delimited, Frames } from "@denet/unix/frames";

/** What a descriptor is in Node's eyes. */
export type HandleType = "net.Server" | "net.Socket";

/** One message, and the descriptor that came with it. */
export interface IpcMessage<T> {
  readonly message: T;
  readonly handle: OwnedFd | undefined;
}

/** The parent's end of such a channel. */
export class NodeChannel {
  readonly #frames: Frames;
  readonly #received: IpcMessage<unknown>[] = [];

  constructor(socket: Socket) {
    this.#frames = new Frames(socket, delimited(), { files: 1 });
  }

  /** Send a message. */
  async send(message: unknown, files: readonly FileLike[] = []): Promise<void> {
    const data = new TextEncoder().encode(`${JSON.stringify(message)}\n`);
    await this.#frames.send({ data, files });
  }

  /** Send a message with a descriptor. Resolves when the child has it: only then the next may follow. */
  async pass(message: unknown, handle: FileLike, type: HandleType): Promise<void> {
    await this.send({ cmd: "NODE_HANDLE", type, msg: message }, [handle]);
    while (await this.#read() !== "acknowledged");
  }

  /** Receive a message. */
  async receive<T>(): Promise<IpcMessage<T>> {
    for (;;) {
      const first = this.#received.shift();
      if (first !== undefined) return first as IpcMessage<T>;
      await this.#read();
    }
  }

  /** Read one line: an answer to what was passed, or a message to keep. */
  async #read(): Promise<"acknowledged" | "message"> {
    const frame = await this.#frames.next();
    if (frame === null) throw new Error("The child has closed its channel");
    const value = JSON.parse(new TextDecoder().decode(frame.body));
    if (value.cmd === "NODE_HANDLE_ACK") return "acknowledged";
    if (value.cmd === "NODE_HANDLE") await this.send({ cmd: "NODE_HANDLE_ACK" });
    const message = value.cmd === "NODE_HANDLE" ? value.msg : value;
    this.#received.push({ message, handle: frame.files.shift() });
    return "message";
  }
}
