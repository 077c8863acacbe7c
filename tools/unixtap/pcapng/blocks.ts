/**
 * Blocks of a pcapng file, as draft-ietf-opsawg-pcapng lays them out.
 *
 * @module
 */

const SECTION_HEADER = 0x0a0d0d0a;
const INTERFACE = 1;
const ENHANCED_PACKET = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Packets begin with an IP header. */
const LINKTYPE_RAW = 101;

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;

const encoder = new TextEncoder();

/** Return what a file begins with: a section, and one interface, whose times are in microseconds. */
export function fileHeader(application: string, name: string): Uint8Array {
  const section = new Uint8Array(16);
  const view = new DataView(section.buffer);
  view.setUint32(0, BYTE_ORDER_MAGIC, true);
  view.setUint16(4, 1, true); // version 1.0
  view.setBigInt64(8, -1n, true); // of unknown length
  const description = new Uint8Array(8);
  new DataView(description.buffer).setUint16(0, LINKTYPE_RAW, true);
  return concatenated([
    block(SECTION_HEADER, [section, option(SHB_USERAPPL, application), END]),
    block(INTERFACE, [description, option(IF_NAME, name), END]),
  ]);
}

/** Return a packet, with a comment if there is one. */
export function packetBlock(
  milliseconds: number,
  packet: readonly Uint8Array[],
  comment = "",
): Uint8Array {
  const length = packet.reduce((sum, it) => sum + it.byteLength, 0);
  const head = new Uint8Array(20);
  const view = new DataView(head.buffer);
  const micros = BigInt(Math.round(milliseconds * 1000));
  view.setUint32(4, Number(micros >> 32n), true);
  view.setUint32(8, Number(micros & 0xffffffffn), true);
  view.setUint32(12, length, true);
  view.setUint32(16, length, true);
  const options = comment === "" ? [] : [option(OPT_COMMENT, comment), END];
  return block(ENHANCED_PACKET, [head, ...packet, padding(length), ...options]);
}

/** The end of the options: `opt_endofopt`. */
const END = new Uint8Array(4);

function option(code: number, text: string): Uint8Array {
  const value = encoder.encode(text).subarray(0, 0xffff);
  const head = new Uint8Array(4);
  const view = new DataView(head.buffer);
  view.setUint16(0, code, true);
  view.setUint16(2, value.byteLength, true);
  return concatenated([head, value, padding(value.byteLength)]);
}

/** Everything is a multiple of 4 bytes long. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length & 3)) & 3);
}

function block(type: number, parts: readonly Uint8Array[]): Uint8Array {
  const length = 12 + parts.reduce((sum, it) => sum + it.byteLength, 0);
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint32(0, type, true);
  view.setUint32(4, length, true);
  return concatenated([head, ...parts, head.subarray(4)]);
}

/** Put bytes together. */
export function concatenated(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, it) => sum + it.byteLength, 0));
  let offset = 0;
  for (const it of parts) {
    bytes.set(it, offset);
    offset += it.byteLength;
  }
  return bytes;
}
