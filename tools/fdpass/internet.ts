/**
 * Sockets of TCP and UDP, by the C library alone: they are handed on, and used by others.
 *
 * @module
 */

import { OwnedFd } from "../../mod.ts";
import { UsageError } from "../cli/run.ts";
import { printable } from "../cli/text.ts";
import { checked, libc } from "../native/libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** An address of a socket, as C has it. */
interface Address {
  readonly family: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/**
 * Read `HOST:PORT`: an IPv4 address, an IPv6 address in brackets, `localhost`, or `*` or nothing for all.
 *
 * @throws {UsageError} If it is something else.
 */
export function readAddress(text: string): Address {
  const [, host = "", digits = ""] = /^(.*):(\d{1,5})$/.exec(text) ?? [];
  const port = digits === "" ? NaN : Number(digits);
  const inner = /^\[(.*)\]$/.exec(host)?.[1];
  const words = inner === undefined ? undefined : ipv6(inner);
  const quad = inner === undefined ? ipv4(host) : undefined;
  if (!(port <= 0xffff) || (words === undefined && quad === undefined)) {
    throw new UsageError(
      `Cannot listen on "${printable(text)}": give an IP address and a port, as in 127.0.0.1:80, ` +
        "[::1]:80 or *:80",
    );
  }
  const bytes = new Uint8Array(words === undefined ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, words === undefined ? AF_INET : AF_INET6, true);
  view.setUint16(2, port);
  quad?.forEach((it, i) => view.setUint8(4 + i, it));
  words?.forEach((it, i) => view.setUint16(8 + i * 2, it));
  return { family: words === undefined ? AF_INET : AF_INET6, bytes };
}

function ipv4(host: string): number[] | undefined {
  if (host === "" || host === "*") return [0, 0, 0, 0];
  if (host === "localhost") return [127, 0, 0, 1];
  const parts = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) ? host.split(".").map(Number) : [];
  return parts.length === 4 && parts.every((it) => it <= 255) ? parts : undefined;
}

function ipv6(text: string): number[] | undefined {
  if (!/^[0-9a-f:]+$/i.test(text)) return undefined;
  const halves = text.split("::");
  const [left = [], right = []] = halves.map((it) => it === "" ? [] : it.split(":"));
  const zeros = 8 - left.length - right.length;
  if (halves.length > 2 || (halves.length === 1 ? zeros !== 0 : zeros < 1)) return undefined;
  const words = [...left, ...Array<string>(zeros).fill("0"), ...right];
  return words.every((it) => /^[0-9a-f]{1,4}$/i.test(it))
    ? words.map((it) => parseInt(it, 16))
    : undefined;
}

/**
 * Listen for TCP connections, or bind a UDP socket.
 *
 * @param text The address, as {@linkcode readAddress} takes it.
 * @throws {Error} If the address is taken, or this process may not use it.
 */
export function openInternet(how: "tcp" | "udp", text: string, backlog: number): OwnedFd {
  const { family, bytes } = readAddress(text);
  const { socket, setsockopt, bind, listen } = libc();
  const action = `listen on "${text}"`;
  const type = how === "tcp" ? SOCK_STREAM : SOCK_DGRAM;
  const fd = checked(socket(family, type | SOCK_CLOEXEC, 0), action);
  const file = OwnedFd.adopt(fd);
  try {
    const on = new Uint8Array([1, 0, 0, 0]);
    if (how === "tcp") checked(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, on, 4), action);
    checked(bind(fd, bytes, bytes.byteLength), action);
    if (how === "tcp") checked(listen(fd, backlog), action);
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}
