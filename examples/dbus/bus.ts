/**
 * A connection to a message bus: authentication, calls and their answers.
 *
 * @module
 */

import { OwnedFd, type Socket } from "@denet/unix";
import { delimited, Frames } from "@denet/unix/frames";
import { decode, encodeCall, messageLength, type Peer, type Value } from "./message.ts";

const ANSWER = 2, ERROR = 3;

/** The bus itself. */
export const DAEMON: Peer = { name: "org.freedesktop.DBus", path: "/org/freedesktop/DBus" };

/** The longest message of D-Bus, in bytes. */
const MAX_SIZE = 1 << 27;

/** A connection to a bus. */
export class Bus {
  readonly #messages: Frames;
  /** Descriptors that came and belong to no message yet, in order: each message says how many it has. */
  readonly #files: OwnedFd[] = [];
  #serial = 0;

  private constructor(socket: Socket) {
    this.#messages = new Frames(socket, messageLength, { files: 16, maxSize: MAX_SIZE });
  }

  /** Authenticate by EXTERNAL, which the daemon checks with the kernel, and return the name on the bus. */
  static async open(socket: Socket): Promise<{ bus: Bus; name: Value | undefined }> {
    await authenticate(socket);
    const bus = new Bus(socket);
    const [name] = await bus.call(DAEMON, "Hello");
    return { bus, name };
  }

  /** Call a method, and wait for its answer. Descriptors in it are the caller's. */
  async call(to: Peer, member: string, ...values: Value[]): Promise<readonly Value[]> {
    const serial = ++this.#serial;
    const data = encodeCall(serial, to, member, values);
    await this.#messages.send({ data, files: values.filter((it) => it instanceof OwnedFd) });
    for await (const frame of this.#messages) {
      this.#files.push(...frame.files);
      const { type, replyTo, args, files } = decode(frame.data, this.#files);
      const isAnswer = replyTo === serial && type === ANSWER;
      for (const file of files) if (!isAnswer || !args.includes(file)) file.close();
      if (isAnswer) return args;
      if (replyTo === serial && type === ERROR) throw new Error(`"${member}" fails: ${args[0]}`);
    }
    throw new Error("The bus has closed the connection");
  }
}

/** Before the first message both sides write lines. What comes after them stays in the socket. */
async function authenticate(socket: Socket): Promise<void> {
  using lines = new Frames(socket, delimited());
  const words = ["\0AUTH EXTERNAL", "DATA", "NEGOTIATE_UNIX_FD", "BEGIN", ""].join("\r\n");
  await lines.send({ data: new TextEncoder().encode(words) });
  for (const expected of ["DATA", "OK", "AGREE_UNIX_FD"]) {
    const line = new TextDecoder().decode((await lines.next())?.body);
    if (!line.startsWith(expected)) throw new Error(`The bus says "${line.trim()}"`);
  }
}
