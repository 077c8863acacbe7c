/**
 * The built-in protocol `tcp`, on `Deno.connect`.
 *
 * @module
 */

import { quote, UnknownServiceError } from "./errors.ts";
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
    // What Deno throws for a host that no resolver would take.
    if (error instanceof URIError) throw refuse(address, "its host is malformed", error);
    throw error;
  }
}

/**
 * Find host and port. A port in the address goes before the service, which is the default then, as
 * in Hare's `net::dial`; either may be a service name, as in Go's `net.Dial`.
 */
export function resolveTcp(address: string, service: string): Endpoint {
  const [host, port] = splitHostPort(address);
  if (host === "") throw refuse(address, "it names no host, such as localhost");
  const wanted = port ?? service;
  if (wanted === "") {
    throw refuse(address, 'it has no port; append one, as in "example.org:80", or pass a service');
  }
  return { hostname: toAscii(host), port: resolvePort(wanted) };
}

/** Take the port off an address; it is undefined when there is none. */
function splitHostPort(address: string): [host: string, port: string | undefined] {
  if (address.startsWith("[")) {
    const [, host, colon, port] = address.match(/^\[([^[\]]*)\](?:(:)([^:]*))?$/) ?? [];
    if (host === undefined || !isIpv6(host)) {
      throw refuse(address, 'brackets hold an IPv6 address, as in "[::1]:80"');
    }
    return [host, colon && requirePort(address, port)];
  }
  const colon = address.indexOf(":");
  if (colon < 0) return [address, undefined];
  if (colon === address.lastIndexOf(":")) {
    return [address.slice(0, colon), requirePort(address, address.slice(colon + 1))];
  }
  if (isIpv6(address)) return [address, undefined];
  throw refuse(address, 'it is neither "host:port" nor an IPv6 address');
}

function requirePort(address: string, port: string | undefined): string {
  if (port) return port;
  throw refuse(address, "nothing follows the colon; append a port or leave the colon out");
}

function resolvePort(text: string): number {
  const port = lookupService("tcp", text);
  if (port !== undefined) return port;
  if (isDecimal(text)) {
    throw new RangeError(`Cannot dial the port ${quote(text)}: it is not from 1 to 65535`);
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

function refuse(address: string, why: string, cause?: unknown): TypeError {
  const message = `Cannot dial ${quote(address)} over tcp: ${why}`;
  return new TypeError(message, cause === undefined ? undefined : { cause });
}
