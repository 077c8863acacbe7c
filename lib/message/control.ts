/**
 * The two control buffers of a message header: what goes out and what came in.
 *
 * @module
 */

import { addressOf } from "../../ffi/memory.ts";
import { type Platform, platform } from "../../ffi/platform/mod.ts";
import {
  cmsgLen,
  cmsgSpace,
  type ControlItem,
  type Credentials,
  parseControl,
  UCRED_SIZE,
  writeControl,
  writeCredentials,
  writeHeader,
} from "./cmsg.ts";

/** Capacity for 253 descriptors, credentials and a little more, in bytes: the most that the kernel accepts. */
const USUAL_CAPACITY = 1152;

const NO_BYTES = new Uint8Array(0);
const NO_VIEW = new DataView(new ArrayBuffer(0));
const NO_WORDS = new Int32Array(0);

/** Control messages being put together for sending. */
export class OutgoingControl {
  #buffer: Uint8Array | undefined;
  #view = NO_VIEW;
  #address = 0;
  #used = 0;
  /** Payloads handed out before the buffer had to grow: their bytes are fetched before each call. */
  #outgrown: { payload: Uint8Array; offset: number }[] = [];
  #payloads: { payload: Uint8Array; offset: number }[] = [];
  #carriesRights = false;
  #files = 0;

  /** The number of bytes in use. */
  get used(): number {
    return this.#used;
  }

  /** Whether a message passes descriptors. */
  get carriesRights(): boolean {
    return this.#carriesRights;
  }

  /** The number of descriptors that a message has capacity for. */
  get files(): number {
    return this.#files;
  }

  /** Add a control message, and return its payload, zeroed, to fill in. */
  add(length: number, level: number, type: number): Uint8Array {
    const offset = this.#used;
    const buffer = this.#reserve(offset + cmsgSpace(length, platform));
    const payload = writeControl(buffer, offset, level, type, length, platform);
    this.#payloads.push({ payload, offset: payload.byteOffset });
    this.#used = offset + cmsgSpace(length, platform);
    if (level === platform.SOL_SOCKET && type === platform.SCM_RIGHTS) {
      this.#carriesRights = true;
      this.#files += Math.floor(length / 4);
    }
    return payload;
  }

  /** Add a control message with descriptors. */
  addRights(numbers: readonly number[]): void {
    const offset = this.#used;
    const length = numbers.length * 4;
    this.#reserve(offset + cmsgSpace(length, platform));
    writeRights(this.#view, offset, numbers);
    this.#used = offset + cmsgSpace(length, platform);
    this.#carriesRights = true;
    this.#files += numbers.length;
  }

  /** The payloads share this buffer: transferring the buffer of one payload detaches all of them. */
  #requireMemory(): void {
    if (this.#buffer === undefined || this.#buffer.byteLength > 0) return;
    throw new TypeError(
      "Cannot send: the buffer of a control message was transferred elsewhere; fill its payload in where it is",
    );
  }

  #reserve(needed: number): Uint8Array {
    this.#requireMemory();
    const current = this.#buffer;
    if (current !== undefined && needed <= current.byteLength) return current;
    const grown = new Uint8Array(Math.max(USUAL_CAPACITY, needed * 2));
    if (current !== undefined) grown.set(current);
    this.#outgrown = this.#payloads.slice();
    this.#buffer = grown;
    this.#view = new DataView(grown.buffer);
    this.#address = addressOf(grown);
    return grown;
  }

  /** The memory of the finished bytes. */
  get memory(): Uint8Array | undefined {
    return this.#buffer;
  }

  /** The finished bytes themselves. */
  finished(): Uint8Array {
    this.address();
    return this.#buffer?.subarray(0, this.#used) ?? NO_BYTES;
  }

  /** Whether there are payloads whose bytes are not in it until they are fetched. */
  get hasOutgrown(): boolean {
    return this.#outgrown.length > 0;
  }

  /** The address of the finished bytes, for the header. */
  address(): number {
    this.#requireMemory();
    for (const { payload, offset } of this.#outgrown) this.#buffer?.set(payload, offset);
    return this.#address;
  }

  /** Forget all messages, and wipe what their payloads held. */
  reset(): void {
    if (this.#buffer?.byteLength === 0) this.#buffer = undefined;
    this.#buffer?.fill(0, 0, this.#used);
    this.#used = 0;
    if (this.#payloads.length > 0) this.#payloads = [];
    if (this.#outgrown.length > 0) this.#outgrown = [];
    this.#carriesRights = false;
    this.#files = 0;
  }
}

/** Write a control message with descriptors at `offset`. */
function writeRights(view: DataView, offset: number, files: readonly number[]): void {
  const { SOL_SOCKET, SCM_RIGHTS } = platform;
  const start = writeHeader(view, offset, SOL_SOCKET, SCM_RIGHTS, files.length * 4, platform);
  for (let i = 0; i < files.length; i++) view.setInt32(start + i * 4, files[i] ?? -1, true);
}

let shared: RightsControl | undefined;

/** Return the control data that all sockets of this thread share: written right before each call. */
export function sharedRights(): RightsControl {
  return shared ??= new RightsControl();
}

/** The control data of messages that carry descriptors, credentials, or both: written anew for each. */
export class RightsControl {
  readonly #buffer = new Uint8Array(USUAL_CAPACITY);
  readonly #view = new DataView(this.#buffer.buffer);
  /** The address of the finished bytes. */
  readonly address: number = addressOf(this.#buffer);

  /** Write descriptors, at most 253, and credentials; the number of bytes they take. */
  write(files: readonly number[], credentials: Credentials | undefined): number {
    const { SOL_SOCKET, SCM_CREDENTIALS } = platform;
    let used = 0;
    if (credentials !== undefined) {
      const start = writeHeader(this.#view, 0, SOL_SOCKET, SCM_CREDENTIALS, UCRED_SIZE, platform);
      writeCredentials(this.#buffer.subarray(start, start + UCRED_SIZE), credentials);
      used = cmsgSpace(UCRED_SIZE, platform);
    }
    if (files.length === 0) return used;
    writeRights(this.#view, used, files);
    return used + cmsgSpace(files.length * 4, platform);
  }

  /** The first `length` bytes of what was written last. */
  finished(length: number): Uint8Array {
    return this.#buffer.subarray(0, length);
  }
}

/** Where the fields of the first control message lie, in words of 32 bits, and what it says of one descriptor. */
function soleRights({ cmsghdr, SOL_SOCKET, SCM_RIGHTS }: Platform): SoleRights {
  const { cmsg_len: [length], cmsg_level: [level], cmsg_type: [type] } = cmsghdr;
  return {
    space: cmsgSpace(4, platform),
    length: length / 4,
    lengthValue: cmsgLen(4, platform),
    level: level / 4,
    levelValue: SOL_SOCKET,
    type: type / 4,
    typeValue: SCM_RIGHTS,
    payload: cmsgLen(0, platform) / 4,
  };
}

type SoleRights = Readonly<
  Record<
    "space" | "length" | "lengthValue" | "level" | "levelValue" | "type" | "typeValue" | "payload",
    number
  >
>;

const SOLE = soleRights(platform);

/** Control messages as the kernel delivered them. */
export class IncomingControl {
  #buffer = NO_BYTES;
  #view = NO_VIEW;
  #words = NO_WORDS;
  #address = 0;
  #arrived = 0;

  /** Reserve `capacity` bytes, and return their address. */
  prepare(capacity: number): number {
    this.#arrived = 0;
    if (this.#buffer.byteLength < capacity) {
      // At least 128 bytes: small arrays may live in V8's heap, where they move.
      this.#buffer = new Uint8Array(Math.max(128, capacity));
      this.#view = new DataView(this.#buffer.buffer);
      this.#words = new Int32Array(this.#buffer.buffer, 0, 32);
      this.#address = addressOf(this.#buffer);
    }
    return this.#address;
  }

  /** How many bytes arrived. */
  get arrived(): number {
    return this.#arrived;
  }

  set arrived(length: number) {
    const { byteLength } = this.#buffer;
    this.#arrived = length < byteLength ? length : byteLength;
  }

  /**
   * The descriptor, if one descriptor is all that arrived, or else -1. That is the usual case, and needs no
   * walk.
   */
  get soleDescriptor(): number {
    const words = this.#words;
    const isSole = this.#arrived >= SOLE.lengthValue && this.#arrived <= SOLE.space &&
      words[SOLE.length] === SOLE.lengthValue && words[SOLE.level] === SOLE.levelValue &&
      words[SOLE.type] === SOLE.typeValue;
    return isSole ? words[SOLE.payload] ?? -1 : -1;
  }

  /** The bytes, to be walked with `nextControl`. */
  get view(): DataView {
    return this.#view;
  }

  /** What arrived, taken apart. The payloads are views that the next receive overwrites. */
  items(): ControlItem[] {
    return parseControl(this.#buffer.subarray(0, this.#arrived), platform);
  }
}
