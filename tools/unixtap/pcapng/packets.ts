/**
 * IP packets around data that never went through a network: what Wireshark decodes.
 *
 * @module
 */

const IP_HEADER = 20;
const TCP_HEADER = 20;
const UDP_HEADER = 8;

const TCP = 6;
const UDP = 17;

/** The most data of one packet, in bytes: the length of an IP packet has 16 bits. */
export const MAX_SEGMENT = 0xffff - IP_HEADER - TCP_HEADER;
export const MAX_DATAGRAM = 0xffff - IP_HEADER - UDP_HEADER;

/** Flags of a TCP segment. */
export const FIN = 0x01;
export const SYN = 0x02;
export const PSH = 0x08;
export const ACK = 0x10;

/** Both ends are on this machine. */
const LOCALHOST = 0x7f000001;
const WINDOW = 0xffff;
const TIME_TO_LIVE = 64;

/** The numbers in the header of a TCP segment. */
export interface Segment {
  readonly from: number;
  readonly to: number;
  readonly sequence: number;
  readonly acknowledged: number;
  readonly flags: number;
}

/** Return the headers of a TCP segment. Its checksum is left out, as where network cards compute it. */
export function tcpHeaders(segment: Segment, length: number): Uint8Array {
  const { from, to, sequence, acknowledged, flags } = segment;
  const [bytes, view] = ipHeader(TCP, TCP_HEADER, length);
  view.setUint16(IP_HEADER, from);
  view.setUint16(IP_HEADER + 2, to);
  view.setUint32(IP_HEADER + 4, sequence);
  view.setUint32(IP_HEADER + 8, acknowledged);
  view.setUint8(IP_HEADER + 12, (TCP_HEADER / 4) << 4);
  view.setUint8(IP_HEADER + 13, flags);
  view.setUint16(IP_HEADER + 14, WINDOW);
  return bytes;
}

/** Return the headers of a UDP datagram, without a checksum. */
export function udpHeaders(from: number, to: number, length: number): Uint8Array {
  const [bytes, view] = ipHeader(UDP, UDP_HEADER, length);
  view.setUint16(IP_HEADER, from);
  view.setUint16(IP_HEADER + 2, to);
  view.setUint16(IP_HEADER + 4, UDP_HEADER + length);
  return bytes;
}

function ipHeader(protocol: number, inner: number, length: number): [Uint8Array, DataView] {
  const bytes = new Uint8Array(IP_HEADER + inner);
  const view = new DataView(bytes.buffer);
  view.setUint8(0, 0x45); // version 4, five words
  view.setUint16(2, IP_HEADER + inner + length);
  view.setUint16(6, 0x4000); // not to be fragmented
  view.setUint8(8, TIME_TO_LIVE);
  view.setUint8(9, protocol);
  view.setUint32(12, LOCALHOST);
  view.setUint32(16, LOCALHOST);
  let sum = 0;
  for (let i = 0; i < IP_HEADER; i += 2) sum += view.getUint16(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(10, ~sum & 0xffff);
  return [bytes, view];
}
