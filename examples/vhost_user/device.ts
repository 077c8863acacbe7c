/**
 * The side of vhost-user that a virtual machine has, by QEMU's document of that name: messages with a
 * header, descriptors for the memory and for both signals.
 *
 * @module
 */

import type { FileLike, Socket } from "@denet/unix";
import { Frames, lengthPrefixed } from "@denet/unix/frames";
import { AT, ENTRIES } from "./virtqueue.ts";

const GET_FEATURES = 1, SET_FEATURES = 2, SET_OWNER = 3, SET_MEM_TABLE = 5;
const SET_VRING_NUM = 8, SET_VRING_ADDR = 9, SET_VRING_BASE = 10;
const SET_VRING_KICK = 12, SET_VRING_CALL = 13;
const GET_PROTOCOL_FEATURES = 15, SET_PROTOCOL_FEATURES = 16, SET_VRING_ENABLE = 18;
const VERSION = 1;
const PROTOCOL_FEATURES = 1n << 30n, VERSION_1 = 1n << 32n;

/** The address of the memory on this side: any number will do, as the other side only subtracts it. */
const BASE = 0x10000n;

/** A device behind a socket. */
export class Device {
  readonly #frames: Frames;

  constructor(socket: Socket) {
    this.#frames = new Frames(socket, lengthPrefixed({ offset: 8, littleEndian: true }));
  }

  /** Agree on features, and give the device the memory and the signals of one queue. */
  async start(memory: FileLike, size: number, kick: FileLike, call: FileLike): Promise<void> {
    const features = await this.#ask(GET_FEATURES);
    await this.#send(SET_OWNER);
    await this.#send(SET_FEATURES, [features & (PROTOCOL_FEATURES | VERSION_1)]);
    await this.#ask(GET_PROTOCOL_FEATURES);
    await this.#send(SET_PROTOCOL_FEATURES, [0n]);
    // One region: guest address 0, its size, its address here, its offset in the file.
    await this.#send(SET_MEM_TABLE, [1n, 0n, BigInt(size), BASE, 0n], [memory]);
    await this.#send(SET_VRING_NUM, [pair(0, ENTRIES)]);
    await this.#send(SET_VRING_BASE, [pair(0, 0)]);
    const [descriptors, used, available] = [AT.descriptors, AT.used, AT.available];
    const addresses = [descriptors, used, available].map((it) => BASE + BigInt(it));
    await this.#send(SET_VRING_ADDR, [pair(0, 0), ...addresses, 0n]);
    await this.#send(SET_VRING_CALL, [0n], [call]);
    await this.#send(SET_VRING_KICK, [0n], [kick]);
    await this.#send(SET_VRING_ENABLE, [pair(0, 1)]);
  }

  async #ask(request: number): Promise<bigint> {
    await this.#send(request);
    using frame = await this.#frames.next();
    if (frame === null) throw new Error("The device closed the connection");
    const { data } = frame;
    return new DataView(data.buffer, data.byteOffset).getBigUint64(12, true);
  }

  async #send(request: number, body: bigint[] = [], files: FileLike[] = []): Promise<void> {
    const data = new Uint8Array(12 + body.length * 8);
    const view = new DataView(data.buffer);
    view.setUint32(0, request, true);
    view.setUint32(4, VERSION, true);
    view.setUint32(8, body.length * 8, true);
    body.forEach((value, i) => view.setBigUint64(12 + i * 8, value, true));
    await this.#frames.send({ data, files });
  }
}

/** Two numbers of 32 bits. */
function pair(first: number, second: number): bigint {
  return BigInt(first) | (BigInt(second) << 32n);
}
