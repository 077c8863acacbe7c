/**
 * From a URI to what `dial` takes: protocol, address and service.
 *
 * @module
 */

import { InvalidAddressError, shown } from "../errors.ts";
import { quote, UnknownProtocolError, withoutSecrets, withoutUser } from "./errors.ts";
import { rightForm } from "./conventions.ts";
import { nameInUrl } from "./path_url.ts";
import { findProtocol, registeredProtocols } from "./registry.ts";
import { describeUnread, findProtocolOfService } from "./services.ts";

/** The arguments of a `dial` call. */
export interface Target {
  /** A registered protocol. */
  protocol: string;
  /** The address, percent escapes decoded; bytes where they are no text, and the protocol takes them. */
  address: string | Uint8Array;
  /** The service the scheme names, or `""`. */
  service: string;
}

/** Take a URI apart by its scheme and by what addresses of that protocol are. */
export function resolveUri(uri: string | URL): Target {
  const url = parse(uri);
  const [protocol, service] = resolveScheme(url);
  const { address: form, dialBytes } = findProtocol(protocol) ?? {};
  if (form === "host" && url.hostname !== "") {
    // The rest of a service's URI is for the protocol spoken over the connection.
    if (service === "") refuseExtras(url);
    return { protocol, address: hostAndPort(url), service };
  }
  const name = nameInUrl(url, (why) => refuse(url, why));
  return { protocol, address: addressOf(url, name, dialBytes !== undefined), service };
}

function parse(uri: string | URL): URL {
  if (typeof uri !== "string" && !(uri instanceof URL)) {
    throw new TypeError(
      `Cannot dial ${shown(uri)}: give a URI as a string or URL, as in "unix:///run/app.sock"`,
    );
  }
  const text = typeof uri === "string" ? uri : uri.href;
  // The URL parser would replace or drop these silently, and another endpoint be dialled.
  if (!text.isWellFormed()) {
    throw new TypeError(
      `Cannot dial ${
        show(text)
      }: it contains half a surrogate pair; write the bytes as percent escapes`,
    );
  }
  // deno-lint-ignore no-control-regex -- what the parser strips
  if (/^[\x00- ]|[\x00- ]$|[\t\n\r]/.test(text)) {
    throw new TypeError(
      `Cannot dial ${show(text)}: write a space at its ends, a tab and a line break as ` +
        "percent escapes, or leave them out",
    );
  }
  try {
    return new URL(text);
  } catch {
    // Without the parser's error as its cause: that quotes the password.
    const example = '"unix:///run/app.sock" or "tcp://example.org:80"';
    // Where the user's name ends is not known: a "/" or "#" in a password is why many a URI is none.
    const shownText = text.replace(/^([^:]*:\/*)[^]*@/, "$1");
    const port = portOutOfRange(shownText);
    if (port !== undefined) {
      throw new RangeError(
        `Cannot dial ${
          show(shownText)
        }: its port ${port} is out of range; give a number from 1 to 65535`,
      );
    }
    throw new TypeError(`Cannot dial ${show(shownText)}: it is not a URI such as ${example}`);
  }
}

/** Return the port that alone keeps `text` from being a URI, if there is one: `URL` takes no port above 65535. */
function portOutOfRange(text: string): string | undefined {
  const [, before = "", port, rest = ""] = /^([^/?#]*:\/\/[^/?#]*:)(\d+)([/?#].*)?$/s.exec(text) ??
    [];
  return Number(port) > 65535 && URL.canParse(`${before}1${rest}`) ? port : undefined;
}

/** A scheme is a protocol, `protocol+service`, or a service of one of the protocols. */
function resolveScheme(url: URL): [protocol: string, service: string] {
  const scheme = url.protocol.slice(0, -1);
  if (findProtocol(scheme)) return [scheme, ""];
  // Protocol names may have plus signs of their own: the longest one that is registered counts.
  for (let at = scheme.length; (at = scheme.lastIndexOf("+", at - 1)) > 0;) {
    const protocol = scheme.slice(0, at);
    if (findProtocol(protocol)) return [protocol, scheme.slice(at + 1)];
  }
  const protocols = registeredProtocols();
  const protocol = findProtocolOfService(scheme, protocols);
  if (protocol !== undefined) return [protocol, scheme];
  const form = rightForm(withoutUser(url.href));
  throw new UnknownProtocolError(
    scheme,
    protocols,
    form === undefined ? `, which is no service either${describeUnread()}` : ` (${form})`,
  );
}

/** Refuse the parts of a URI that a host with a port has no place for. */
function refuseExtras(url: URL): void {
  const { username, password, pathname } = url;
  // Not `search` and `hash`: those are empty for a bare "?" or "#" too.
  if (/[?#]/.test(url.href)) {
    throw refuse(
      url,
      'a query or fragment is no part of the address; write "%3F" and "%23" for "?" and "#"',
    );
  }
  if (username !== "" || password !== "") {
    throw refuse(url, "a user name is no part of the address");
  }
  if (pathname !== "" && pathname !== "/") throw refuse(url, "a path is no part of the address");
}

function hostAndPort(url: URL): string {
  const host = decode(url, url.hostname);
  // An escaped colon or slash would be read as a separator from here on.
  // deno-lint-ignore no-control-regex -- none belongs into a host
  if (!url.hostname.startsWith("[") && /[\x00- /:?#@[\]\\]/.test(host)) {
    throw refuse(url, "its host is malformed");
  }
  return url.port === "" ? host : `${host}:${url.port}`;
}

function decode(url: URL, text: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw refuse(url, 'its percent escapes are not UTF-8; write "%25" for a percent sign', cause);
  }
}

/** Decodes a byte order mark as a part of the name. Made at the first use, which takes Deno 0.1 ms. */
let utf8: TextDecoder | undefined;

function addressOf(url: URL, name: Uint8Array, takesBytes: boolean): string | Uint8Array {
  try {
    return (utf8 ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })).decode(name);
  } catch (cause) {
    if (takesBytes) return name;
    throw refuse(
      url,
      'its percent escapes are not UTF-8, and the protocol takes text only; write "%25" for a percent sign',
      cause,
    );
  }
}

function refuse(url: URL, why: string, cause?: unknown): TypeError {
  const message = `Cannot dial ${show(url.href)}: ${why}`;
  const options = cause === undefined ? undefined : { cause };
  // What `unix.connect` throws for the same URL.
  return url.protocol === "unix:"
    ? new InvalidAddressError(message, options)
    : new TypeError(message, options);
}

function show(uri: string): string {
  return quote(withoutSecrets(uri));
}
