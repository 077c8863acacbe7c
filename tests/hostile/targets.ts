/**
 * What is fuzzed: generators of inputs, and what must hold for every input. An input is bytes, so that one
 * that fails can be made smaller.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { Platform } from "../../ffi/platform/types.ts";
import {
  controlStart,
  nextControl,
  parseControl,
  readCredentials,
  readDescriptors,
} from "../../lib/message/cmsg.ts";
import { InvalidAddressError } from "../../lib/errors.ts";
import {
  decodeSockaddr,
  encodeSockaddr,
  exactBytes,
  fitsSockaddr,
  parseAddress,
} from "../../lib/address/sockaddr.ts";
import {
  type AddressModel,
  type ControlModel,
  DARWIN_ADDRESS,
  DARWIN_CONTROL,
  LINUX_ADDRESS,
  LINUX_CONTROL,
  modelControls,
  modelCredentials,
  modelDescriptors,
  type ModelItem,
  modelName,
  modelSockaddr,
  modelUnescaped,
} from "./models.ts";
import type { Random } from "./random.ts";
import { darwinArm64, linuxX64 } from "../util/platforms.ts";

/** Something to be fuzzed. */
export interface Target {
  readonly name: string;
  /** The largest input, in bytes. */
  readonly size: number;
  /** Make an input in `buffer`, which is zeroed: its length. */
  generate(random: Random, buffer: Uint8Array): number;
  /** Throw if anything is not as it must be. */
  check(input: Uint8Array): void;
}

const CONTROL_SIZE = 192;

/** A control buffer with a structure: messages one after the other, some of them damaged. */
function structured(
  random: Random,
  buffer: Uint8Array,
  { lengthBytes, alignment }: ControlModel,
): number {
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
  const header = lengthBytes + 8;
  let offset = 0;
  while (offset + header <= buffer.byteLength && !random.once(5)) {
    const payload = random.pick([0, 1, 3, 4, 5, 8, 11, 12, 13, 16, 4 * random.below(20)]);
    const space = Math.min(payload, buffer.byteLength - offset - header);
    view.setUint32(offset, damaged(random, header + payload, buffer.byteLength - offset), true);
    if (lengthBytes === 8) view.setUint32(offset + 4, highHalf(random), true);
    view.setInt32(offset + lengthBytes, random.pick([1, 1, 1, 0, -1, 0xffff, random.word()]), true);
    view.setInt32(
      offset + lengthBytes + 4,
      random.pick([1, 1, 2, 2, 3, 4, 0, random.word()]),
      true,
    );
    random.fill(buffer.subarray(offset + header, offset + header + space));
    offset += header + Math.ceil(space / alignment) * alignment;
    if (random.once(9)) offset += random.below(alignment);
  }
  return Math.min(random.once(3) ? random.below(buffer.byteLength + 1) : offset, buffer.byteLength);
}

/** A length, usually as it should be. */
function damaged(random: Random, length: number, rest: number): number {
  if (!random.once(4)) return length;
  const near = [rest - 1, rest, rest + 1, length - 1, length + 1, length + 7] as const;
  const far = [
    0,
    1,
    7,
    8,
    11,
    12,
    15,
    16,
    17,
    0x7fffffff,
    0x80000000,
    0xfffffff8,
    0xffffffff,
  ] as const;
  return random.once(2) ? random.pick(near) : random.pick(far);
}

/** The upper half of a length of 64 bits. */
function highHalf(random: Random): number {
  return random.once(20) ? random.pick([1, 0x7fffffff, 0x80000000, 0xffffffff]) : 0;
}

function blind(random: Random, buffer: Uint8Array): number {
  const length = random.below(buffer.byteLength + 1);
  const bytes = buffer.subarray(0, length);
  random.fill(bytes);
  // Large numbers everywhere are all alike: small bytes make lengths that fit.
  const mask = random.pick([0xff, 0x3f, 0x17, 0x01]);
  for (let i = 0; i < length; i++) bytes[i] = (bytes[i] ?? 0) & mask;
  return length;
}

/** The input in memory of its own, and again between bytes that must not matter. */
function surrounded(input: Uint8Array, around: number): Uint8Array {
  const memory = new Uint8Array(input.byteLength + 64).fill(around);
  memory.set(input, 32);
  return memory.subarray(32, 32 + input.byteLength);
}

function checkControl(input: Uint8Array, layout: Platform, model: ControlModel): void {
  const expected = modelControls([...input], model);
  for (const around of [0x00, 0xff, 0x14]) {
    const bytes = surrounded(input, around);
    const items = parseControl(bytes, layout);
    assertSame(items.length, expected.length, "the number of control messages");
    for (const [i, { level, type, data }] of items.entries()) {
      const wanted = expected[i];
      assertSame(level, wanted?.level, "a level");
      assertSame(type, wanted?.type, "a type");
      assertSameBytes(data, wanted?.data ?? [], "a payload");
      assertInside(data, bytes);
      assertSameNumbers(readDescriptors(data), modelDescriptors(wanted?.data ?? []));
      const credentials = readCredentials(data);
      const ids = credentials && [credentials.pid, credentials.uid, credentials.gid];
      assertSameNumbers(ids ?? [], modelCredentials(wanted?.data ?? []) ?? []);
    }
    assertSameBytes(bytes, [...input], "the input afterwards");
    checkWalk(bytes, expected, layout);
  }
}

/** The walk is given more memory than what arrived, as a receive does: it must keep off the rest. */
function checkWalk(
  bytes: Uint8Array,
  expected: readonly ModelItem[],
  layout: Platform,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const position = controlStart();
  for (const { level, type, data } of expected) {
    assertSame(nextControl(position, view, bytes.byteLength, layout), true, "the walk");
    assertSame(position.level, level, "a level in the walk");
    assertSame(position.type, type, "a type in the walk");
    assertSame(position.end - position.start, data.length, "a length in the walk");
    assert(position.end <= bytes.byteLength, "The walk leaves what arrived");
  }
  assertSame(nextControl(position, view, bytes.byteLength, layout), false, "the walk at its end");
}

// The comparisons of the tests' library are too slow for millions of inputs.

function assertSame(actual: unknown, expected: unknown, what: string): void {
  if (actual !== expected) throw new Error(`${what} is ${actual}, not ${expected}`);
}

function assertSameBytes(actual: Uint8Array, expected: readonly number[], what: string): void {
  assertSame(actual.byteLength, expected.length, `the length of ${what}`);
  for (let i = 0; i < expected.length; i++) {
    if (actual[i] !== expected[i]) assertEquals([...actual], [...expected], what);
  }
}

function assertSameNumbers(actual: readonly number[], expected: readonly number[]): void {
  assertSame(actual.length, expected.length, "the number of values");
  for (let i = 0; i < expected.length; i++) assertSame(actual[i], expected[i], "a value");
}

function assertInside(part: Uint8Array, whole: Uint8Array): void {
  assertSame(part.buffer, whole.buffer, "the memory");
  const ends = part.byteOffset + part.byteLength <= whole.byteOffset + whole.byteLength;
  assert(part.byteOffset >= whole.byteOffset && ends, "A payload lies outside of the input");
}

/** Memory of a `sockaddr_un` behind the length, two bytes, that the kernel is to have reported. */
function sockaddrInput(random: Random, buffer: Uint8Array): number {
  const memory = buffer.subarray(2);
  const style = random.below(4);
  if (style > 0) random.fill(memory);
  if (style === 2) memory[2] = 0;
  if (style === 3) memory.fill(0, 2 + random.below(110));
  memory.set([1, 0]);
  const length = random.pick([
    0,
    1,
    2,
    3,
    106,
    107,
    109,
    110,
    111,
    128,
    random.below(200),
    random.word(),
  ]);
  new DataView(buffer.buffer, buffer.byteOffset).setUint16(0, length, true);
  return 2 + random.pick([16, 106, 110, 111, 126]);
}

function checkSockaddr(input: Uint8Array, layout: Platform, model: AddressModel): void {
  if (input.byteLength < 4) return;
  const length = (input[0] ?? 0) + (input[1] ?? 0) * 256;
  const expected = modelName([...input.subarray(2)], length, model);
  for (const around of [0x00, 0x41]) {
    const memory = surrounded(input.subarray(2), around);
    const name = decodeSockaddr(memory, length, layout);
    assertSame(name === null, expected === null, "whether there is a name");
    if (name === null || expected === null) continue;
    assertSameBytes(name, expected, "the name");
    assert(name.buffer !== memory.buffer, "A name must not change with the memory it came from");
  }
}

/** An address as a program gives it, after a byte that says in which form. */
function addressInput(random: Random, buffer: Uint8Array): number {
  const length = random.pick([0, 1, 2, 102, 103, 104, 105, 107, 108, 109, 110, random.below(140)]);
  const address = buffer.subarray(1, 1 + length);
  random.fill(address);
  for (let i = 0; i < length; i++) {
    const byte = address[i] ?? 0;
    // Mostly letters, slashes and escapes; a NUL now and then.
    address[i] = byte < 200 ? 0x2d + byte % 0x50 : byte < 230 ? byte : random.once(40) ? 0 : 0x61;
  }
  if (length > 0) address[0] = random.pick([0x2f, 0x2f, 0x40, 0, address[0] ?? 0]);
  buffer[0] = random.below(3);
  return 1 + length;
}

/** The address in one of its forms, and the bytes that it stands for; `undefined` where none is. */
function formed(input: Uint8Array): [string | Uint8Array | URL, number[]] | undefined {
  const bytes = input.subarray(1);
  const form = input[0] ?? 0;
  if (form === 0) return [bytes, [...bytes]];
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  if (form === 1) return [text, [...new TextEncoder().encode(text)]];
  const url = URL.parse(`unix:${text}`);
  // A query or fragment that is empty still shows in `href`.
  const isPlain = url !== null && url.host === "" && !/[?#]/.test(url.href);
  return isPlain ? [url, modelUnescaped(url.pathname)] : undefined;
}

function checkAddress(input: Uint8Array, layout: Platform, model: AddressModel): void {
  if (input.byteLength === 0) return;
  const made = formed(input);
  if (made === undefined) return;
  const [address, bytes] = made;
  const expected = modelSockaddr(bytes, model);
  let name;
  try {
    name = parseAddress(address, layout);
  } catch (error) {
    assert(error instanceof InvalidAddressError, `Not the documented error: ${error}`);
    assertSame(expected, "invalid", "the address");
    return;
  }
  assert(expected !== "invalid", "An invalid address was taken");
  assertSame(fitsSockaddr(name, layout), expected !== "long", "whether it fits");
  if (expected === "long") return;
  const sockaddr = encodeSockaddr(name, layout);
  assertSameBytes(sockaddr, expected, "the sockaddr");
  const back = decodeSockaddr(sockaddr, sockaddr.byteLength, layout);
  assertSameBytes(back ?? new Uint8Array(), [...exactBytes(name)], "the name that comes back");
}

/** Every target. */
export const targets: readonly Target[] = [
  ...([["Linux", linuxX64, LINUX_CONTROL], ["macOS", darwinArm64, DARWIN_CONTROL]] as const)
    .flatMap(([system, layout, model]): Target[] => {
      const check = (input: Uint8Array): void => checkControl(input, layout, model);
      const generate = (random: Random, buffer: Uint8Array): number =>
        structured(random, buffer, model);
      return [
        { name: `control messages of ${system}, structured`, size: CONTROL_SIZE, generate, check },
        { name: `control messages of ${system}, blind`, size: 96, generate: blind, check },
      ];
    }),
  ...([["Linux", linuxX64, LINUX_ADDRESS], ["macOS", darwinArm64, DARWIN_ADDRESS]] as const)
    .flatMap(([system, layout, model]): Target[] => [
      {
        name: `names that ${system} reports`,
        size: 130,
        generate: sockaddrInput,
        check: (input) => checkSockaddr(input, layout, model),
      },
      {
        name: `addresses for ${system}`,
        size: 150,
        generate: addressInput,
        check: (input) => checkAddress(input, layout, model),
      },
    ]),
];
