/**
 * Addresses in the form of Deno's own sockets: their path is text, names of Unix sockets are bytes.
 *
 * @module
 */

import { InvalidAddressError, shown } from "../errors.ts";
import { type Address, addressText, unambiguous } from "./sockaddr.ts";

/** What a text has in place of bytes that are no UTF-8, if not itself. */
const REPLACEMENT = "\ufffd";

/** The exact names of the addresses whose text may have lost some of their bytes. */
const exactNames = new WeakMap<Deno.UnixAddr, Uint8Array>();

/** Return a byte-exact address in the form of Deno's own sockets; {@linkcode nameOfUnixAddr} gives the bytes back. */
export function unixAddrOf(
  transport: Deno.UnixAddr["transport"],
  bytes: Uint8Array | null,
): Deno.UnixAddr {
  const address = { transport, path: addressText(bytes) };
  // A copy: callers get the bytes, too, and may change theirs.
  if (bytes !== null && address.path.includes(REPLACEMENT)) {
    exactNames.set(address, new Uint8Array(unambiguous(bytes)));
  }
  return address;
}

/**
 * Return what an address in the form of Deno's own sockets names: its path, or the exact bytes that
 * {@linkcode unixAddrOf} was given.
 *
 * @throws {InvalidAddressError} If it is the address of another kind of socket, or its path is no text.
 */
export function nameOfUnixAddr(address: Deno.UnixAddr): Address {
  const { transport, path } = address;
  if (transport !== "unix" && transport !== "unixpacket") {
    throw new InvalidAddressError(
      `Cannot use an address with ${
        shown(transport)
      } as \`transport\`: give "unix" or "unixpacket", or the path alone`,
    );
  }
  if (typeof path !== "string") {
    throw new InvalidAddressError(
      `Cannot use an address with ${shown(path)} as \`path\`: give text`,
    );
  }
  const exact = path.includes(REPLACEMENT) ? exactNames.get(address) : undefined;
  // The caller may have set another path.
  return exact !== undefined && addressText(exact) === path ? exact : path;
}
