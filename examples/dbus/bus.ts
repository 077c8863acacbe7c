/**
 * A connection to a message bus: authentication, calls and their answers.
 *
 * @module
 */

import type { OwnedFd, Socket } from "@denet/unix";
import { type Call, decode, encodeCall, messageLength, type Received } from "./message.ts";

const ANSWER = 2;
const ERROR = 3;

/** More than a message of this example carries. */
const MAX_FILES = 16;

/** What a call gave. */
export interface Answer {
  readonly args: readonly (string | number)[];
  /** The descriptors that came along. They are the caller's. */
  readonly files: readonly OwnedFd[];
}

/** A connection to a bus. */
export class Bus {
  readonly #socket: Socket;
  #serial = 0;
  #bytes = new Uint8Array(0);
  #files: OwnedFd[] = [];

  private constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Introduce this process; its unique name on the bus. */
  static async open(socket: Socket): Promise<{ bus: Bus; name: string }> {
    const bus = new Bus(socket);
    await bus.#authenticate();
    const { args: [name] } = await bus.call({ ...DAEMON, member: "Hello" });
    return { bus, name: String(name) };
  }

  /** EXTERNAL: who this is, the daemon learns from the kernel. */
  async #authenticate(): Promise<void> {
    for (
      const [command, expected] of [
        ["\0AUTH EXTERNAL\r\n", "DATA"],
        ["DATA\r\n", "OK"],
        ["NEGOTIATE_UNIX_FD\r\n", "AGREE_UNIX_FD"],
      ] as const
    ) {
      await this.#socket.send({ data: new TextEncoder().encode(command) });
      using message = await this.#socket.receive();
      const line = new TextDecoder().decode(message?.data);
      if (!line.startsWith(expected)) throw new Error(`The bus says "${line.trim()}"`);
    }
    await this.#socket.send({ data: new TextEncoder().encode("BEGIN\r\n") });
  }

  /** Call a method, and wait for its answer. */
  async call(call: Call, files: readonly OwnedFd[] = []): Promise<Answer> {
    const serial = ++this.#serial;
    await this.#socket.send({ data: encodeCall(call, serial), files });
    for (;;) {
      const received = await this.#next();
      const came = this.#files.splice(0, received.files);
      if (received.replyTo === serial && received.type === ANSWER) {
        return { args: received.args, files: came };
      }
      for (const file of came) file.close();
      if (received.replyTo !== serial || received.type !== ERROR) continue;
      throw new Error(`"${call.member}" fails with ${received.error}: ${received.args[0] ?? ""}`);
    }
  }

  /** Descriptors come with the first byte of their message, so they are there when it is complete. */
  async #next(): Promise<Received> {
    for (;;) {
      const length = messageLength(this.#bytes);
      if (length !== undefined && this.#bytes.byteLength >= length) {
        const message = this.#bytes.slice(0, length);
        this.#bytes = this.#bytes.slice(length);
        return decode(message);
      }
      const message = await this.#socket.receive({ files: MAX_FILES });
      if (message === null) throw new Error("The bus has closed the connection");
      this.#files.push(...message.files);
      this.#bytes = new Uint8Array([...this.#bytes, ...message.data]);
    }
  }
}

/** The bus itself. */
export const DAEMON = {
  destination: "org.freedesktop.DBus",
  path: "/org/freedesktop/DBus",
  interface: "org.freedesktop.DBus",
} as const;
