/**
 * Checks of names and port numbers, for all functions of this folder.
 *
 * @module
 */

import { quote } from "./errors.ts";

// RFC 3986, section 3.1: so that every protocol can be dialled by URI.
const SCHEME = /^[a-z][a-z0-9+.-]*$/i;
// RFC 6335 allows less, but services files have underscores, dots and plus signs too.
const SERVICE = /^[a-z0-9_.+*-]+$/i;

/** Bring a protocol name to the form it is stored in: URI schemes know no case. */
export function protocolKey(protocol: string): string {
  return protocol.toLowerCase();
}

/** Join protocol and service to the form they are stored in: neither knows case (RFC 6335, section 5.1). */
export function serviceKey(protocol: string, service: string): string {
  return `${protocol}/${service}`.toLowerCase();
}

/** Refuse a protocol name that `dialUri` could not take as a scheme. */
export function checkProtocolName(name: string): void {
  if (typeof name === "string" && SCHEME.test(name)) return;
  throw new TypeError(
    `Cannot register the protocol ${
      quote(String(name))
    }: a name is a letter followed by letters, ` +
      'digits, "+", "-" or "."',
  );
}

/** Refuse a service name that no address could carry, or that reads as a port number. */
export function checkServiceName(name: string): void {
  if (typeof name === "string" && SERVICE.test(name) && !isDecimal(name)) return;
  throw new TypeError(
    `Cannot register the service ${quote(String(name))}: a name is made of letters, digits, ` +
      '"-", "_", ".", "+" and "*", and not of digits alone',
  );
}

/** Tell whether text is a decimal number, in range or not. */
export function isDecimal(text: string): boolean {
  return /^\d+$/.test(text);
}

/** Tell whether a number can be the port of a peer. */
export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535;
}

/** Read a decimal port; undefined when the text is not one, or out of range. */
export function parsePort(text: string): number | undefined {
  const port = isDecimal(text) ? Number(text) : NaN;
  return isPort(port) ? port : undefined;
}
