/**
 * What a socket is that was passed: its family, type and addresses.
 *
 * @module
 */

import { libc } from "../native/libc.ts";

const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;

const TYPES: Record<number, string> = { 1: "stream", 2: "dgram", 3: "raw", 5: "seqpacket" };
const INTERNET_TYPES: Record<number, string> = { 1: "tcp", 2: "udp" };
const FAMILIES: Record<number, string> = { 16: "netlink", 17: "packet", 38: "alg", 40: "vsock" };

/** What is known of a socket. */
export interface SocketInfo {
  /** As in `"unix stream"`, `"tcp"` or `"netlink raw"`. */
  readonly type: string;
  readonly listening: boolean;
  /** Its own address, as in `"127.0.0.1:80"`, a path, or `"@name"`; `""` for none. */
  readonly local: string;
  /** That of its peer; `""` for none. */
  readonly remote: string;
}

/** Find out what a socket is. */
export function describeSocket(fd: number): SocketInfo {
  const domain = option(fd, SO_DOMAIN);
  const number = option(fd, SO_TYPE);
  const isInternet = domain === AF_INET || domain === AF_INET6;
  const name = TYPES[number] ?? `type ${number}`;
  const family = domain === AF_UNIX ? "unix" : FAMILIES[domain] ?? `family ${domain}`;
  const { getsockname, getpeername } = libc();
  return {
    type: isInternet ? INTERNET_TYPES[number] ?? `ip ${name}` : `${family} ${name}`,
    listening: option(fd, SO_ACCEPTCONN) === 1,
    local: address(fd, getsockname),
    remote: address(fd, getpeername),
  };
}

/** Return a socket's description as text. */
export function socketText({ type, listening, local, remote }: SocketInfo): string {
  const peer = remote === "" ? "" : ` connected to ${remote}`;
  return `${type}${listening ? " listening" : ""}${local === "" ? "" : ` at ${local}`}${peer}`;
}

const value = new Int32Array(1);
const valueLength = new Uint32Array(1);

function option(fd: number, name: number): number {
  valueLength[0] = 4;
  const [target, length] = [new Uint8Array(value.buffer), new Uint8Array(valueLength.buffer)];
  return libc().getsockopt(fd, SOL_SOCKET, name, target, length) < 0 ? -1 : value[0] ?? -1;
}

const ADDRESS_SIZE = 128;

type NameCall = (
  fd: number,
  name: Uint8Array<ArrayBuffer>,
  length: Uint8Array<ArrayBuffer>,
) => number;

function address(fd: number, call: NameCall): string {
  const bytes = new Uint8Array(ADDRESS_SIZE);
  const length = new Uint32Array([ADDRESS_SIZE]);
  if (call(fd, bytes, new Uint8Array(length.buffer)) < 0) return "";
  const view = new DataView(bytes.buffer);
  const family = view.getUint16(0, true);
  const port = view.getUint16(2);
  if (family === AF_INET) return `${bytes.subarray(4, 8).join(".")}:${port}`;
  if (family === AF_INET6) return `[${ipv6(view)}]:${port}`;
  if (family !== AF_UNIX) return "";
  return unixName(bytes.subarray(2, Math.min(length[0] ?? 0, ADDRESS_SIZE)));
}

function unixName(name: Uint8Array): string {
  if (name.byteLength === 0) return "";
  if (name[0] === 0) return `@${new TextDecoder().decode(name.subarray(1))}`;
  const end = name.indexOf(0);
  return new TextDecoder().decode(end < 0 ? name : name.subarray(0, end));
}

/** The text of an IPv6 address, with its longest run of zeros left out. */
function ipv6(view: DataView): string {
  const text = Array.from({ length: 8 }, (_, i) => view.getUint16(8 + i * 2).toString(16)).join(
    ":",
  );
  const runs = text.match(/(?:^|:)0(?::0)+(?::|$)/g) ?? [];
  const longest = runs.reduce((a, b) => b.length > a.length ? b : a, "");
  return longest === "" ? text : text.replace(longest, "::");
}
