/**
 * Addresses of Unix sockets to `struct sockaddr_un` and back: bytes in, bytes out, no system call.
 * Follows unix(7).
 *
 * @module
 */

import { utf8 } from "../../ffi/text.ts";
import { isUint8Array } from "../../ffi/typed_array.ts";
import type { Platform } from "../../ffi/platform/mod.ts";
import { rightForm } from "../dial/conventions.ts";
import { withoutSecrets, withoutUser } from "../dial/errors.ts";
import { nameInUrl } from "../dial/path_url.ts";
import { InvalidAddressError, shown } from "../errors.ts";

/**
 * An address of a Unix socket.
 *
 * A string that starts with `@` or `\0` names an abstract socket (Linux only, at most 107 bytes), the
 * empty string asks `listen` and `bind` for a name of the kernel's choosing, any other string is a path:
 * `./@name` is a path, too. A `Uint8Array` is the same in raw bytes. A `unix:` URL is a path
 * (`unix:///run/app.sock`) or an abstract name (`unix:@app`), with percent escapes decoded: the same that
 * `dialUri` reads in it.
 *
 * @example
 * ```ts
 * import { type Address } from "@denet/unix";
 *
 * const addresses: Address[] = ["./app.sock", "@app", "/run/app.sock", new URL("unix:///run/app.sock")];
 * console.log(addresses.length);
 * ```
 */
export type Address = string | Uint8Array | URL;

/** Tell an address in the form of Deno's own sockets from the forms of {@linkcode Address}. */
export function isUnixAddr(address: Address | Deno.UnixAddr): address is Deno.UnixAddr {
  return typeof address === "object" && address !== null && !isUint8Array(address) &&
    !(address instanceof URL) && "path" in address;
}

/** An address taken apart. */
export interface Name {
  readonly kind: "path" | "abstract" | "autobind";
  /** The path, or the abstract name without its leading NUL. */
  readonly bytes: Uint8Array;
}

const AT = 0x40;

/** Made at the first use, which takes Deno 0.1 ms. */
let decoder: TextDecoder | undefined;

/** Decode a name, and a byte order mark as a part of it. */
function decoded(bytes: Uint8Array): string {
  return (decoder ??= new TextDecoder("utf-8", { ignoreBOM: true })).decode(bytes);
}

/**
 * Take an address apart and check it against the platform.
 *
 * @throws {InvalidAddressError} If it is a path with a NUL byte, an abstract name that is too long or on a
 * system without them, a URL that is not `unix:`, or no address at all.
 */
export function parseAddress(address: Address, platform: Platform): Name {
  const bytes = addressBytes(address);
  const first = bytes[0];
  if (first === undefined) return { kind: "autobind", bytes };
  if (first === AT || first === 0) return abstractName(bytes.subarray(1), platform);
  if (bytes.includes(0)) {
    throw new InvalidAddressError(
      `Cannot use the path ${
        quote(bytes)
      }: it contains a NUL byte, where the kernel would cut it; leave it out`,
    );
  }
  return { kind: "path", bytes };
}

function abstractName(bytes: Uint8Array, platform: Platform): Name {
  if (!platform.abstractNames) {
    throw new InvalidAddressError(
      `Cannot use the abstract name ${
        quote(bytes)
      }: only Linux has them; use a path (write "./@…" for a path that starts with "@")`,
    );
  }
  const limit = platform.sockaddr_un.sun_path[1] - 1;
  if (bytes.byteLength > limit) {
    throw new InvalidAddressError(
      `Cannot use the abstract name ${
        quote(bytes)
      }: it has ${bytes.byteLength} bytes, at most ${limit} fit; use a shorter one`,
    );
  }
  return { kind: "abstract", bytes };
}

/** Return a copy of the bytes: the caller may change its own afterwards. */
function addressBytes(address: Address): Uint8Array {
  if (typeof address === "string") return textBytes(address);
  if (isUint8Array(address)) return copied(address);
  if (address instanceof URL) return urlBytes(address);
  throw new InvalidAddressError(
    `Cannot use ${shown(address)} as an address: give a string, a Uint8Array or a unix: URL`,
  );
}

function copied(address: Uint8Array): Uint8Array {
  try {
    // Not `slice`: that of a Buffer shares its memory.
    return new Uint8Array(address);
  } catch {
    throw new InvalidAddressError(
      "Cannot use the address: its buffer was detached or resized; give one with its bytes",
    );
  }
}

function textBytes(text: string): Uint8Array {
  if (!text.isWellFormed()) {
    throw new InvalidAddressError(
      `Cannot use ${
        JSON.stringify(withoutUrlSecrets(text))
      } as an address: it contains half a surrogate pair; give its bytes as a Uint8Array`,
    );
  }
  return utf8(text);
}

function urlBytes(url: URL): Uint8Array {
  const href = withoutUser(url.href);
  const shownUrl = withoutSecrets(url.href);
  const refuse = (why: string) =>
    new InvalidAddressError(`Cannot use the URL "${shownUrl}": ${why}`);
  if (url.protocol === "unix:") return nameInUrl(url, refuse);
  const form = rightForm(href);
  throw refuse(form ?? 'its scheme is not "unix:"; give a unix: URL');
}

/** Whether a name fits the `sun_path` of a `sockaddr_un`. */
export function fitsSockaddr(name: Name, platform: Platform): boolean {
  const limit = platform.sockaddr_un.sun_path[1];
  return name.bytes.byteLength + (name.kind === "abstract" ? 1 : 0) <= limit;
}

/** Encode a name as a `struct sockaddr_un`; the array's length is the address length. */
export function encodeSockaddr(name: Name, platform: Platform): Uint8Array {
  const { sockaddr_un, sockaddrHasLength, AF_UNIX } = platform;
  const [pathOffset, pathSize] = sockaddr_un.sun_path;
  if (!fitsSockaddr(name, platform)) {
    throw new InvalidAddressError(
      `Cannot use the path ${
        quote(name.bytes)
      }: it has ${name.bytes.byteLength} bytes, at most ${pathSize} fit; use a shorter one`,
    );
  }
  const lead = name.kind === "abstract" ? 1 : 0;
  // A path gets its final NUL if that fits: other programs search for it.
  const tail = name.kind === "path" && name.bytes.byteLength < pathSize ? 1 : 0;
  const sockaddr = new Uint8Array(pathOffset + lead + name.bytes.byteLength + tail);
  const [familyOffset, familyWidth] = sockaddr_un.sun_family;
  if (familyWidth === 2) new DataView(sockaddr.buffer).setUint16(familyOffset, AF_UNIX, true);
  else sockaddr[familyOffset] = AF_UNIX;
  if (sockaddrHasLength) sockaddr[0] = sockaddr.byteLength;
  sockaddr.set(name.bytes, pathOffset + lead);
  return sockaddr;
}

/**
 * Decode the first `length` bytes of `sockaddr`, as the kernel filled them: the name in the byte-exact
 * form of {@linkcode Address}, with a leading NUL for an abstract one, or `null` for an unnamed socket.
 */
export function decodeSockaddr(
  sockaddr: Uint8Array,
  length: number,
  platform: Platform,
): Uint8Array | null {
  const [pathOffset] = platform.sockaddr_un.sun_path;
  if (Math.min(length, sockaddr.byteLength) <= pathOffset) return null;
  const path = sockaddr.subarray(pathOffset, Math.min(length, sockaddr.byteLength));
  if (path[0] === 0) return platform.abstractNames ? path.slice() : null;
  const end = path.indexOf(0);
  return path.slice(0, end < 0 ? path.byteLength : end);
}

/** Return an address in the byte-exact form: with a leading NUL for an abstract name. */
export function exactBytes(name: Name): Uint8Array {
  if (name.kind !== "abstract") return name.bytes;
  const bytes = new Uint8Array(name.bytes.byteLength + 1);
  bytes.set(name.bytes, 1);
  return bytes;
}

/**
 * Return a byte-exact address in the form of Deno's own sockets, `""` for an unnamed one. What it returns
 * leads back to the same socket when it is used as an {@linkcode Address}.
 */
export function addressText(bytes: Uint8Array | null): string {
  return bytes === null ? "" : decoded(unambiguous(bytes));
}

/**
 * Return a byte-exact address in bytes that are the same {@linkcode Address}: a path that starts with `@`,
 * which only other programs bind, gets `./` before it, or an answer would go to an abstract socket.
 */
export function unambiguous(bytes: Uint8Array): Uint8Array {
  return bytes[0] === AT ? new Uint8Array([0x2e, 0x2f, ...bytes]) : bytes;
}

/** Return a name as people write it, for messages: abstract ones start with `@`. */
export function displayName(name: Name): string {
  return (name.kind === "abstract" ? "@" : "") + displayText(name.bytes);
}

/** Return a path for messages. A URL that is given as a string, and so taken for a path, may have a password in it. */
function displayText(bytes: Uint8Array): string {
  return withoutUrlSecrets(decoded(bytes));
}

function withoutUrlSecrets(text: string): string {
  return text.includes("://") ? withoutSecrets(text) : text;
}

function quote(bytes: Uint8Array): string {
  return shown(displayText(bytes));
}
