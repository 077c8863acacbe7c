/**
 * URLs of protocols whose addresses are paths, or other single names: one reading for `dialUri` and for
 * everything that takes a `unix:` URL.
 *
 * @module
 */

import { rightForm } from "./conventions.ts";

/**
 * Return the name in a URL, with percent escapes decoded. They need not be UTF-8; a lone `%` stands for
 * itself, as in WHATWG URLs.
 *
 * @param refuse Makes the error for a URL with other parts than a name.
 */
export function nameInUrl(url: URL, refuse: (why: string) => Error): Uint8Array {
  const { username, password, hostname, host, port, pathname, protocol, href } = url;
  // Not `search` and `hash`: those are empty for a bare "?" or "#", too.
  if (/[?#]/.test(href)) {
    throw refuse(
      'a query or fragment is no part of the address; write "%3F" and "%23" for "?" and "#"',
    );
  }
  if (username !== "" || password !== "") {
    throw refuse("a user name is no part of the address; leave it out");
  }
  if (!/^(?:localhost)?$/i.test(hostname) || port !== "") {
    const rest = `${host}${pathname}`;
    const abstract = /^unix/.test(protocol) ? `"${protocol}@${rest}" for an abstract name, ` : "";
    throw refuse(
      `a host is no part of the address; write "${protocol}///${rest}" for an absolute path, ` +
        `${abstract}"${protocol}${rest}" for any other`,
    );
  }
  // A file may be called "path=…", but that is hardly ever meant.
  const form = /^unix:[a-z]+=/.test(href) ? rightForm(href) : undefined;
  if (form !== undefined) throw refuse(`it has the form of another program; ${form}`);
  return percentDecoded(pathname);
}

const PERCENT = 0x25;

function percentDecoded(text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  const decoded = new Uint8Array(bytes.byteLength);
  let length = 0;
  for (let i = 0; i < bytes.byteLength; i++) {
    const value = bytes[i] === PERCENT ? hexadecimal(bytes.subarray(i + 1, i + 3)) : undefined;
    decoded[length++] = value ?? bytes[i] ?? 0;
    if (value !== undefined) i += 2;
  }
  return decoded.subarray(0, length);
}

/** Return the number that two hexadecimal digits stand for. */
function hexadecimal(digits: Uint8Array): number | undefined {
  const text = String.fromCharCode(...digits);
  return /^[0-9a-f]{2}$/i.test(text) ? parseInt(text, 16) : undefined;
}
