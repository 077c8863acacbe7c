/**
 * What the decoders must do, told a second time and as simply as possible: byte by byte on plain arrays,
 * with exact integers, from the manual pages cmsg(3) and unix(7). Shares no code with `lib/`.
 *
 * @module
 */

/** The layout of `struct cmsghdr` on a system. */
export interface ControlModel {
  /** Bytes of `cmsg_len`; `cmsg_level` and `cmsg_type` follow, four bytes each. */
  readonly lengthBytes: 4 | 8;
  /** What `CMSG_ALIGN` rounds up to. */
  readonly alignment: 4 | 8;
}

/** Linux with 64 bits: `size_t cmsg_len`, aligned to `size_t`. */
export const LINUX_CONTROL: ControlModel = { lengthBytes: 8, alignment: 8 };

/** macOS: `socklen_t cmsg_len`, aligned to 32 bits. */
export const DARWIN_CONTROL: ControlModel = { lengthBytes: 4, alignment: 4 };

/** A control message, as the model sees it. */
export interface ModelItem {
  readonly level: number;
  readonly type: number;
  readonly data: number[];
}

function unsigned(bytes: readonly number[]): bigint {
  return bytes.reduceRight((sum, byte) => sum * 256n + BigInt(byte), 0n);
}

function signed32(bytes: readonly number[]): number {
  return Number(BigInt.asIntN(32, unsigned(bytes)));
}

/** The control messages in `bytes`. */
export function modelControls(bytes: readonly number[], model: ControlModel): ModelItem[] {
  const { lengthBytes, alignment } = model;
  const header = lengthBytes + 8;
  const items: ModelItem[] = [];
  let rest = [...bytes];
  while (rest.length >= header) {
    const claimed = unsigned(rest.slice(0, lengthBytes));
    if (claimed < BigInt(header)) break;
    const length = claimed > BigInt(rest.length) ? rest.length : Number(claimed);
    items.push({
      level: signed32(rest.slice(lengthBytes, lengthBytes + 4)),
      type: signed32(rest.slice(lengthBytes + 4, header)),
      data: rest.slice(header, length),
    });
    let step = length;
    while (step % alignment !== 0) step++;
    rest = rest.slice(step);
  }
  return items;
}

/** The descriptors in a payload: as many as whole numbers fit. */
export function modelDescriptors(data: readonly number[]): number[] {
  const found: number[] = [];
  for (let i = 0; i + 3 < data.length; i += 4) found.push(signed32(data.slice(i, i + 4)));
  return found;
}

/**
 * The credentials in a payload: pid, uid and gid; none if incomplete, or if the sender is not known: the kernel
 * says process 0 and the user 65534 then. A process 0 of another user is one outside of the PID namespace.
 */
export function modelCredentials(data: readonly number[]): number[] | undefined {
  if (data.length < 12) return undefined;
  const pid = signed32(data.slice(0, 4));
  const ids = [4, 8].map((at) => Number(unsigned(data.slice(at, at + 4))));
  return pid === 0 && ids.every((id) => id === 65534) ? undefined : [pid, ...ids];
}

/** The layout of `struct sockaddr_un` on a system. */
export interface AddressModel {
  /** Bytes of `sun_path`. */
  readonly pathBytes: 104 | 108;
  /** Whether a leading NUL makes a name. */
  readonly abstractNames: boolean;
  /** Whether a length byte comes first. */
  readonly lengthByte: boolean;
}

/** Linux. */
export const LINUX_ADDRESS: AddressModel = {
  pathBytes: 108,
  abstractNames: true,
  lengthByte: false,
};

/** macOS. */
export const DARWIN_ADDRESS: AddressModel = {
  pathBytes: 104,
  abstractNames: false,
  lengthByte: true,
};

/** The name in a `sockaddr_un` of which the kernel filled `length` bytes. */
export function modelName(
  memory: readonly number[],
  length: number,
  model: AddressModel,
): number[] | null {
  const name: number[] = [];
  for (let i = 2; i < length && i < memory.length; i++) name.push(memory[i] ?? 0);
  if (name.length === 0) return null;
  if (name[0] === 0) return model.abstractNames ? name : null;
  const end = name.indexOf(0);
  return end < 0 ? name : name.slice(0, end);
}

/**
 * The `sockaddr_un` for an address in bytes; `"invalid"` where there can be none, `"long"` for a path
 * that does not fit.
 */
export function modelSockaddr(
  address: readonly number[],
  model: AddressModel,
): number[] | "invalid" | "long" {
  const isName = address[0] === 0x40 || address[0] === 0;
  if (isName && (!model.abstractNames || address.length > model.pathBytes)) return "invalid";
  if (!isName && address.includes(0)) return "invalid";
  if (address.length > model.pathBytes) return "long";
  const path = isName ? [0, ...address.slice(1)] : [...address];
  if (!isName && path.length > 0 && path.length < model.pathBytes) path.push(0);
  return model.lengthByte ? [path.length + 2, 1, ...path] : [1, 0, ...path];
}

/** The bytes of a text with percent escapes. */
export function modelUnescaped(text: string): number[] {
  const bytes: number[] = [];
  for (let rest = text; rest !== "";) {
    const escape = /^%([0-9A-Fa-f])([0-9A-Fa-f])/.exec(rest);
    const character = String.fromCodePoint(rest.codePointAt(0) ?? 0);
    if (escape) bytes.push(Number(`0x${escape[1]}${escape[2]}`));
    else bytes.push(...new TextEncoder().encode(character));
    rest = rest.slice(escape ? 3 : character.length);
  }
  return bytes;
}
