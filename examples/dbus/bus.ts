/**
 * A connection to a message bus: authentication, calls and their answers.
 *
 * @module
 */

import { OwnedFd, type Socket } from "@denet/unix";
import { decode, encodeCall, messageLength, type Peer, type Value } from "./message.ts";

const ANSWER = 2, ERROR = 3;

/** The bus itself. */
export const DAEMON: Peer = { name: "org.freedesktop.DBus", path: "/org/freedesktop/DBus" };

/** A connection to a bus. */
export class Bus {
  #serial = 0;
  #bytes = new Uint8Array(0);
  #files: OwnedFd[] = [];

  private constructor(readonly socket: Socket) {}

  /** Introduce this process by EXTERNAL, which the daemon checks with the kernel; its name on the bus. */
  static async open(socket: Socket): Promise<{ bus: Bus; name: Value | undefined }> {
    const bus = new Bus(socket);
    const lines = ["\0AUTH EXTERNAL", "DATA", "NEGOTIATE_UNIX_FD", "BEGIN", ""].join("\r\n");
    await socket.send({ data: new TextEncoder().encode(lines) });
    for (const expected of ["DATA", "OK", "AGREE_UNIX_FD"]) {
      while (!bus.#bytes.includes(10)) await bus.#receive();
      const line = new TextDecoder().decode(bus.#take(bus.#bytes.indexOf(10) + 1)).trim();
      if (!line.startsWith(expected)) throw new Error(`The bus says "${line}"`);
    }
    const [name] = await bus.call(DAEMON, "Hello");
    return { bus, name };
  }

  /** Call a method, and wait for its answer. Descriptors in it are the caller's. */
  async call(to: Peer, member: string, ...values: Value[]): Promise<readonly Value[]> {
    const serial = ++this.#serial;
    const data = encodeCall(serial, to, member, values);
    await this.socket.send({ data, files: values.filter((it) => it instanceof OwnedFd) });
    for (;;) {
      let length;
      while ((length = messageLength(this.#bytes)) > this.#bytes.byteLength) await this.#receive();
      // Descriptors come with the first byte of their message: now they are all there.
      const { type, replyTo, args, files } = decode(this.#take(length), this.#files);
      const isAnswer = replyTo === serial && type === ANSWER;
      for (const file of files) if (!isAnswer || !args.includes(file)) file.close();
      if (isAnswer) return args;
      if (replyTo === serial && type === ERROR) throw new Error(`"${member}" fails: ${args[0]}`);
    }
  }

  async #receive(): Promise<void> {
    const message = await this.socket.receive({ files: 16 });
    if (message === null) throw new Error("The bus has closed the connection");
    this.#files.push(...message.files);
    this.#bytes = new Uint8Array([...this.#bytes, ...message.data]);
  }

  #take(length: number): Uint8Array {
    const taken = this.#bytes.slice(0, length);
    this.#bytes = this.#bytes.slice(length);
    return taken;
  }
}
