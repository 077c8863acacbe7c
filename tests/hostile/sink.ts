/**
 * The receiving side of the hostile sender: takes everything in every way there is, and checks it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  ControlTruncatedError,
  type Message,
  Msghdr,
  type OwnedFd,
  recvmsg,
  recvmsgSync,
  type Socket,
  unix,
} from "../../mod.ts";
import type { Random } from "./random.ts";

/** What marks the number of the message that ends a sequence of datagrams. */
const LAST = 0x80;

/** What the sender puts at a place. */
function expected(i: number): number {
  return (i * 31 + Math.floor(i / 256) * 7) & 0xff;
}

/** Counts of what was received. */
export interface Counts {
  messages: number;
  bytes: number;
  descriptors: number;
  refused: number;
}

/** Receives from one hostile sender. */
export class HostileSink {
  readonly counts: Counts = { messages: 0, bytes: 0, descriptors: 0, refused: 0 };
  readonly #socket: Socket;
  readonly #random: Random;
  #lastPass = 0;

  constructor(socket: Socket, random: Random) {
    this.#socket = socket;
    this.#random = random;
  }

  get #isStream(): boolean {
    return this.#socket.type === "stream";
  }

  /** Receive something, in one of the ways: false at the end. */
  async step(): Promise<boolean> {
    const random = this.#random;
    switch (random.below(6)) {
      case 0:
        return await this.#takeRaw();
      case 1:
        return await this.#peek();
      case 2:
        return this.#isStream ? await this.#read() : await this.#receive(false);
      case 3:
        return await this.#receive(true);
      default:
        return await this.#receive(false);
    }
  }

  #size(): number {
    return this.#random.once(3) ? 1 + this.#random.below(300) : 10_000;
  }

  #files(): number {
    return this.#random.pick([0, 1, 1, 2, 3, 17, 253]);
  }

  async #receive(sync: boolean): Promise<boolean> {
    const options = { files: this.#files(), size: this.#size() };
    try {
      const message = sync
        ? this.#socket.receiveSync(options)
        : await this.#socket.receive(options);
      return this.#take(message, options.files);
    } catch (error) {
      // The only error that a peer can cause while its connection lasts.
      assert(error instanceof ControlTruncatedError, String(error));
      assert(options.files > 0);
      this.counts.refused++;
      return this.#checkData(error.data);
    }
  }

  #take(message: Message | null, files: number): boolean {
    using it = message;
    if (it === null) return false;
    assert(it.files.length <= files, `${it.files.length} descriptors, asked for ${files}`);
    if (files > 0) assertEquals(it.controlTruncated, false);
    this.#checkFiles(it.files);
    return this.#checkData(it.data);
  }

  async #read(): Promise<boolean> {
    const buffer = new Uint8Array(this.#size());
    const count = await this.#socket.read(buffer);
    return count !== null && this.#checkData(buffer.subarray(0, count));
  }

  async #peek(): Promise<boolean> {
    const size = this.#size();
    const seen = await this.#socket.receive({ peek: true, size });
    const taken = await this.#socket.receive({ size });
    if (taken === null) return false;
    const peeked = seen?.data ?? new Uint8Array();
    assertEquals(taken.data.subarray(0, peeked.byteLength), peeked);
    return this.#checkData(taken.data);
  }

  async #takeRaw(): Promise<boolean> {
    // An empty record and the end look alike to recvmsg(2).
    if (!await this.#hasData()) return await this.#receive(false);
    const random = this.#random;
    const buffer = new Uint8Array(this.#size());
    using message = new Msghdr({ controlCapacity: random.below(random.pick([40, 600])) });
    message.addVector(buffer.subarray(0, 1));
    message.addVector(buffer.subarray(1));
    if (random.once(2)) unix.allocFiles(message, this.#files());
    const count = random.once(2)
      ? await recvmsg(this.#socket, message)
      : recvmsgSync(this.#socket, message);
    for (const { data } of message.controls()) assert(data.byteLength <= 1200);
    if (random.once(2)) {
      const limit = random.below(5);
      const files = unix.recvFiles(message, limit);
      assert(files.length <= limit);
      this.#checkFiles(files);
      for (const file of files) file.close();
    }
    return this.#checkData(buffer.subarray(0, count));
  }

  async #hasData(): Promise<boolean> {
    if (this.#isStream) return true;
    using next = await this.#socket.receive({ peek: true, size: 1 });
    return next !== null && next.data.byteLength > 0;
  }

  /** Memory files carry the number of their pass: later messages have higher ones. Others may be anything. */
  #checkFiles(files: readonly OwnedFd[]): void {
    let last = this.#lastPass;
    for (const file of files) {
      this.counts.descriptors++;
      if (file.kind() !== "memfd") continue;
      const { size } = file.statSync();
      assert(size > this.#lastPass, `Pass ${size} came in a message after pass ${this.#lastPass}`);
      last = Math.max(last, size);
    }
    this.#lastPass = last;
  }

  #checkData(data: Uint8Array): boolean {
    const { counts } = this;
    if (this.#socket.type === "dgram" && data[0] === (counts.messages & 0xff ^ LAST)) return false;
    const base = this.#isStream ? counts.bytes : counts.messages;
    for (let i = 0; i < data.byteLength; i++) {
      const wanted = !this.#isStream && i === 0 ? counts.messages & 0xff : expected(base + i);
      if (data[i] !== wanted) {
        assertEquals(data[i], wanted, `byte ${i} of message ${counts.messages}`);
      }
    }
    counts.messages++;
    counts.bytes += data.byteLength;
    return true;
  }
}
