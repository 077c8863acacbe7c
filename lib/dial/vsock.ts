/**
 * The built-in protocol `vsock`, on `Deno.connect`: connections between a virtual machine and its host, vsock(7).
 *
 * @module
 */

import { hostWithoutSecrets, quote } from "./errors.ts";

/** Where a vsock address leads. */
export interface VsockEndpoint {
  /** The number of the machine: 2 is the host, 1 the own machine. */
  cid: number;
  /** The port, of 32 bits. */
  port: number;
}

/** What stands for any machine, or any port, when listening. */
const ANY = 0xffffffff;

/** Dial `CID:port`, or a CID with the port as the service. */
export async function dialVsock(address: string, service: string): Promise<Deno.VsockConn> {
  return await Deno.connect({ transport: "vsock", ...resolveVsock(address, service) });
}

/**
 * Find machine and port. A port in the address goes before the service.
 *
 * @throws {TypeError} If the address is malformed or lacks a port.
 * @throws {RangeError} If a number has more than 32 bits, or stands for any.
 */
export function resolveVsock(address: string, service: string): VsockEndpoint {
  const [, cid, port = service] = /^([0-9]+)(?::([0-9]+))?$/.exec(address) ?? [];
  if (cid === undefined) {
    throw new TypeError(refusal(address, 'it is no "CID:port", as in "2:1024"'));
  }
  if (!/^[0-9]+$/.test(port)) {
    throw new TypeError(
      refusal(
        address,
        'it has no port; append one, as in "2:1024", or pass a number as the service',
      ),
    );
  }
  return { cid: numberOf(address, "CID", cid), port: numberOf(address, "port", port) };
}

function numberOf(address: string, what: string, text: string): number {
  const number = Number(text);
  if (number < ANY) return number;
  throw new RangeError(refusal(address, `its ${what} ${text} is not from 0 to ${ANY - 1}`));
}

function refusal(address: string, why: string): string {
  return `Cannot dial ${quote(hostWithoutSecrets(String(address)))} over vsock: ${why}`;
}
