/**
 * The two functions that connect: by protocol, address and service, or by URI.
 *
 * @module
 */

import { shown } from "../errors.ts";
import { untilAborted } from "./abort.ts";
import { UnknownProtocolError } from "./errors.ts";
import { findProtocol, type Protocol, registeredProtocols } from "./registry.ts";
import type { DialOptions } from "./types.ts";
import { resolveUri } from "./uri.ts";

/**
 * Connect to an address by a protocol. After `net::dial` of Hare.
 *
 * What an address is depends on the protocol. For the built-in `tcp` it is a host name, an IPv4
 * address or an IPv6 address (in brackets or not), with or without a port after a colon; an IPv6
 * address needs the brackets then: `"[::1]:80"`. A port in the address counts, and `service` is the
 * default where it has none; either may be a number from 1 to 65535 or a name that `lookupService`
 * finds. The connection is `Deno.connect`'s own, which tries IPv6 and IPv4 in turn (RFC 8305).
 *
 * `tls` takes the same addresses, with the service names of `tcp`, and encrypts by `Deno.connectTls`, which gets
 * `options.tls`; the certificate is checked before the promise resolves. `vsock` takes `"CID:port"` in numbers, as in `"2:1024"` for port 1024 of the host that a virtual
 * machine runs on. Deno requires the flag `--unstable-vsock` for it, and ends the program if it is missing.
 *
 * Requires what the protocol's dialer requires: `allow-net` for `tcp`, `tls` and `vsock`. The system's services file
 * is read only for a name that is not registered, and only where permission is already granted.
 *
 * Every error is a rejection. After an abort it is the signal's reason, whatever the dialer does,
 * and a connection that is established too late is closed.
 *
 * @param protocol The name of a registered protocol, such as `"tcp"`, in any case.
 * @param address The address, in the protocol's form.
 * @param service A service name or a decimal port; `""`, the default, for none.
 * @param options An `AbortSignal` to give up by, and options of `tls`.
 * @returns The connection, which the caller owns and closes.
 * @throws {UnknownProtocolError} If the protocol is not registered.
 * @throws {UnknownServiceError} If the protocol needs a port and the service name has none.
 * @throws {TypeError} If the address is malformed or lacks a port.
 * @throws {RangeError} If a port is not from 1 to 65535.
 *
 * @example Connect over TCP
 * ```ts
 * import { dial } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 *
 * using byAddress = await dial("tcp", `127.0.0.1:${port}`);
 * using byService = await dial("tcp", "127.0.0.1", `${port}`);
 * ```
 *
 * @example Give up after a second
 * ```ts
 * import { dial } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 *
 * const signal = AbortSignal.timeout(1000);
 * using conn = await dial("tcp", "localhost", `${port}`, { signal });
 * ```
 */
export async function dial(
  protocol: string,
  address: string,
  service: string = "",
  options: DialOptions = {},
): Promise<Deno.Conn> {
  requireDialOptions(options);
  const { dialer } = protocolOf(protocol);
  return await settle(options, () => dialer(address, service, options));
}

function protocolOf(name: string): Protocol {
  if (typeof name !== "string") {
    throw new TypeError(`Cannot dial ${shown(name)}: give the protocol's name, as in "tcp"`);
  }
  const found = findProtocol(name);
  if (!found) throw new UnknownProtocolError(name, registeredProtocols());
  return found;
}

/** Wait for a dialer, but not beyond the signal's abort. */
function settle(
  { signal }: DialOptions,
  connect: () => Promise<Deno.Conn>,
): Promise<Deno.Conn> {
  const pending = connect();
  return signal ? untilAborted(pending, signal) : pending;
}

/** Check the options, and that nothing has aborted yet. */
function requireDialOptions(options: DialOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`Cannot dial with ${shown(options)} as options: give an object`);
  }
  const { signal, tls } = options;
  if (tls !== undefined && (typeof tls !== "object" || tls === null)) {
    throw new TypeError(
      `Cannot dial with ${shown(tls)} as \`tls\`: give the options of \`Deno.connectTls\``,
    );
  }
  if (signal === undefined) return;
  if (!(signal instanceof AbortSignal)) {
    throw new TypeError(`Cannot dial with ${shown(signal)} as \`signal\`: give an AbortSignal`);
  }
  signal.throwIfAborted();
}

/**
 * Connect to what a URI names. Its scheme is a registered protocol, a service of one, or both joined
 * by a plus sign:
 *
 * | URI | same as |
 * | --- | --- |
 * | `tcp://example.org:80` | `dial("tcp", "example.org:80")` |
 * | `tcp://[::1]:80` | `dial("tcp", "[::1]:80")` |
 * | `http://example.org/index.html` | `dial("tcp", "example.org", "http")` |
 * | `ssh://user@example.org:2222` | `dial("tcp", "example.org:2222", "ssh")` |
 * | `tcp+http://example.org` | `dial("tcp", "example.org", "http")` |
 * | `tls://example.org:443` | `dial("tls", "example.org:443")` |
 * | `tls+https://example.org` | `dial("tls", "example.org", "https")` |
 * | `vsock:2:1024` | `dial("vsock", "2:1024")` |
 * | `unix:///run/app.sock` | `dial("unix", "/run/app.sock")` |
 * | `unix:run/app.sock` | `dial("unix", "run/app.sock")` |
 * | `unix:@app` | `dial("unix", "@app")` |
 *
 * - Percent escapes are decoded. They are UTF-8, but in the paths of `unix` may be any bytes. In a path, `?` and
 *   `#` must be escaped; a `%` without two hexadecimal digits stands for itself.
 * - With a service in the scheme and a host, user name, path, query and fragment are ignored: they are
 *   for the protocol spoken over the connection. Otherwise they are refused, and so is
 *   a host where addresses are paths (`unix://run/app.sock`), except `localhost`.
 * - A service scheme belongs to the first protocol that has it; registered names go before those
 *   of the system's services file.
 * - The URI is read as `URL` reads it: `.` and `..` after `scheme:///` are resolved before the system sees
 *   the path, and a port that is the default of `http`, `https`, `ws`, `wss` or `ftp` is dropped,
 *   so that the service's registered port is used.
 *
 * Every error is a rejection: beyond those listed here, what {@linkcode dial} rejects with.
 *
 * @param uri The URI.
 * @param options An `AbortSignal` to give up by, and options of `tls`.
 * @returns The connection, which the caller owns and closes.
 * @throws {UnknownProtocolError} If the scheme is neither a registered protocol nor a service of one.
 * @throws {TypeError} If the URI is malformed, or has parts that its protocol has no use for.
 * @throws {RangeError} If its port is not from 1 to 65535.
 * @throws {InvalidAddressError} If that is a `unix:` URI: what `unix.connect` throws for the same URL.
 *
 * @example Connect by URI
 * ```ts
 * import { dialUri } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 *
 * using plain = await dialUri(`tcp://127.0.0.1:${port}`);
 * using http = await dialUri(new URL(`http://localhost:${port}/index.html`));
 * ```
 */
export async function dialUri(uri: string | URL, options: DialOptions = {}): Promise<Deno.Conn> {
  requireDialOptions(options);
  const { protocol, address, service } = resolveUri(uri);
  const { dialer, dialBytes } = protocolOf(protocol);
  return await settle(options, () => {
    if (typeof address === "string" || dialBytes === undefined) {
      // A protocol without `dialBytes` gets no bytes.
      return dialer(address as string, service, options);
    }
    return dialBytes(address, service, options);
  });
}
