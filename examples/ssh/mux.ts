/**
 * The control socket of an `ssh` that shares its connection, by the file PROTOCOL.mux of OpenSSH: frames
 * with their length in front, and three descriptors for each session.
 *
 * @module
 */

import type { FileLike, Socket } from "@denet/unix";
import { Frames, lengthPrefixed } from "@denet/unix/frames";

const HELLO = 1;
const NEW_SESSION = 0x10000002;
const EXIT_MESSAGE = 0x80000004;
const SESSION_OPENED = 0x80000006;
const VERSION = 4;
const NO_ESCAPE = 0xffffffff;

/** The standard input, output and error of a command. */
export type Standard = readonly [input: FileLike, output: FileLike, error: FileLike];

/** A client of the control socket. */
export class MuxClient {
  readonly #frames: Frames;

  private constructor(socket: Socket) {
    this.#frames = new Frames(socket, lengthPrefixed());
  }

  /** Greet the `ssh` behind the socket. */
  static async open(socket: Socket): Promise<MuxClient> {
    const client = new MuxClient(socket);
    await client.#send(HELLO, VERSION);
    const [type, version] = await client.#receive();
    if (type !== HELLO || version !== VERSION) throw new Error(`ssh speaks version ${version}`);
    return client;
  }

  /** Run a command on the other machine with descriptors of this process; its exit code. */
  async run(command: string, standard: Standard): Promise<number> {
    const flags = [0, 0, 0, 0]; // no terminal, no X11, no agent, no subsystem
    await this.#send(NEW_SESSION, 1, "", ...flags, NO_ESCAPE, "", command);
    // Each descriptor comes alone, with one byte that is not part of any frame.
    for (const file of standard) {
      await this.#frames.send({ data: new Uint8Array(1), files: [file] });
    }
    const [opened] = await this.#receive();
    if (opened !== SESSION_OPENED) throw new Error(`ssh refused the session (${opened})`);
    for (;;) {
      const [type, , code = -1] = await this.#receive();
      if (type === EXIT_MESSAGE) return code;
    }
  }

  /** Send one frame of numbers and strings. */
  async #send(...values: (number | string)[]): Promise<void> {
    const parts = values.map((it) => typeof it === "number" ? number(it) : string(it)).flat();
    const body = new Blob(parts).size;
    await this.#frames.send({ data: [...number(body), ...parts] });
  }

  /** Receive one frame: the numbers at its beginning. */
  async #receive(): Promise<number[]> {
    const frame = await this.#frames.next();
    if (frame === null) throw new Error("ssh closed its control socket");
    const { body } = frame;
    const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
    return Array.from(
      { length: Math.min(3, body.byteLength >> 2) },
      (_, i) => view.getUint32(i * 4),
    );
  }
}

function number(value: number): [Uint8Array<ArrayBuffer>] {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return [bytes];
}

function string(value: string): Uint8Array<ArrayBuffer>[] {
  const bytes = new TextEncoder().encode(value);
  return [...number(bytes.byteLength), bytes];
}
