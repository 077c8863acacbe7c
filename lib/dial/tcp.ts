/**
 * The built-in protocol `tcp`, on `Deno.connect`.
 *
 * @module
 */

import { hostWithoutSecrets, quote, UnknownServiceError } from "./errors.ts";
import { isDecimal } from "./names.ts";
import { describeUnread, lookupService, registeredServices } from "./services.ts";
import type { DialOptions } from "./types.ts";

/** Where a TCP address leads. */
export interface Endpoint {
  /** A name, an IPv4 address, or an IPv6 address without brackets. */
  hostname: string;
  /** The port, 1 to 65535. */
  port: number;
}

/** Dial `host`, `host:port`, an IPv6 address, or `[IPv6]:port`. */
export async function dialTcp(
  address: string,
  service: string,
  options: DialOptions,
): Promise<Deno.TcpConn> {
  const { signal } = options;
  const endpoint = resolveTcp(address, service);
  try {
    return await Deno.connect(signal ? { ...endpoint, signal } : endpoint);
  } catch (error) {
    throw malformedHost(error, address, "tcp") ?? error;
  }
}

/** Return what to throw for a host that no resolver would take; `undefined` for another error of Deno's. */
export function malformedHost(
  error: unknown,
  address: string,
  protocol: string,
): TypeError | undefined {
  const isMalformed = error instanceof URIError;
  return isMalformed ? refuse(address, "its host is malformed", protocol, error) : undefined;
}

/**
 * Find host and port. A port in the address goes before the service, which is the default then, as
 * in Hare's `net::dial`; either may be a service name, as in Go's `net.Dial`.
 */
export function resolveTcp(address: string, service: string, protocol = "tcp"): Endpoint {
  if (typeof address !== "string" || typeof service !== "string") {
    throw refuse(String(address), "give address and service as strings", protocol);
  }
  if (address.includes("@")) {
    throw refuse(address, "a user name is no part of the address", protocol);
  }
  if (/[?#]/.test(address)) {
    throw refuse(address, "a query or fragment is no part of the address", protocol);
  }
  const [host, port] = splitHostPort(address, protocol);
  if (host === "") throw refuse(address, "it names no host, such as localhost", protocol);
  const wanted = port ?? service;
  if (wanted === "") {
    throw refuse(
      address,
      'it has no port; append one, as in "example.org:80", or pass a service',
      protocol,
    );
  }
  return { hostname: toAscii(host), port: resolvePort(wanted) };
}

/** Take the port off an address; it is undefined when there is none. */
function splitHostPort(
  address: string,
  protocol: string,
): [host: string, port: string | undefined] {
  if (address.startsWith("[")) {
    const [, host, colon, port] = address.match(/^\[([^[\]]*)\](?:(:)([^:]*))?$/) ?? [];
    if (host === undefined || !isIpv6(host)) {
      throw refuse(address, 'brackets hold an IPv6 address, as in "[::1]:80"', protocol);
    }
    return [host, colon && requirePort(address, port, protocol)];
  }
  const colon = address.indexOf(":");
  if (colon < 0) return [address, undefined];
  if (colon === address.lastIndexOf(":")) {
    return [address.slice(0, colon), requirePort(address, address.slice(colon + 1), protocol)];
  }
  if (isIpv6(address)) return [address, undefined];
  throw refuse(address, 'it is neither "host:port" nor an IPv6 address', protocol);
}

function requirePort(address: string, port: string | undefined, protocol: string): string {
  if (port) return port;
  throw refuse(
    address,
    "nothing follows the colon; append a port or leave the colon out",
    protocol,
  );
}

function resolvePort(text: string): number {
  const port = lookupService("tcp", text);
  if (port !== undefined) return port;
  if (isDecimal(text)) {
    throw new RangeError(
      `Cannot dial the port ${quote(text)}: it is out of range; give a number from 1 to 65535`,
    );
  }
  throw new UnknownServiceError("tcp", text, registeredServices("tcp"), describeUnread());
}

/** The zone after a percent sign is for the resolver to judge. */
function isIpv6(text: string): boolean {
  const [bare, ...zone] = text.split("%");
  return text.includes(":") && zone.length < 2 && URL.canParse(`http://[${bare}]`);
}

/** Deno takes names in ASCII only; others go through the IDNA mapping that URLs use. */
function toAscii(host: string): string {
  // deno-lint-ignore no-control-regex -- all of ASCII
  if (/^[\x00-\x7f]*$/.test(host)) return host;
  const url = URL.parse(`http://${host}`);
  return url?.href === `http://${url?.host}/` ? url.hostname : host;
}

function refuse(address: string, why: string, protocol: string, cause?: unknown): TypeError {
  const message = `Cannot dial ${quote(hostWithoutSecrets(address))} over ${protocol}: ${why}`;
  return new TypeError(message, cause === undefined ? undefined : { cause });
}
