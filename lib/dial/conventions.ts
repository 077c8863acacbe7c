/**
 * Addresses of Unix sockets as other programs write them, and the same in the form of this module.
 *
 * @module
 */

/** What to write in place of an address in another form. */
type Reading = readonly [pattern: RegExp, form: (match: string) => string];

const path = (text: string): string => described(decoded(text));
const abstract = (text: string): string => described(`@${decoded(text).replace(/^[@\0]/, "")}`);

/** Where a D-Bus server is to listen: what it is connected to is another name. */
const folder = (text: string): string =>
  `a D-Bus server listens at a random name in ${JSON.stringify(decoded(text))}: ` +
  'write the path in the "unix:path=…" that it prints';
const runtime = (): string =>
  'a D-Bus server listens at "bus" in the directory that XDG_RUNTIME_DIR names: write that path, ' +
  'the one in the "unix:path=…" that it prints';

/** The first pattern that matches counts; its group is the name. */
const READINGS: readonly Reading[] = [
  [/^unix:(?:[a-z]+=[^;]*,)?path=([^,;]+)/, path], // D-Bus, whose keys have no order
  [/^unix:(?:[a-z]+=[^;]*,)?abstract=([^,;]+)/, abstract],
  [/^unix:(?:[a-z]+=[^;]*,)?(?:dir|tmpdir)=([^,;]+)/, folder],
  [/^unix:(?:[a-z]+=[^;]*,)?(runtime)=yes/, runtime],
  [/^(?:https?|wss?)\+unix:\/\/([^/:?#]+)/i, path], // Docker, requests-unixsocket
  [/^https?:\/\/unix:(\/[^:]+)/i, path], // Node's clients of HTTP
  [/^unix:(?:\/\/(?:localhost)?(?=\/))?([/@].*)$/i, path], // a URL given as a string
  [/^unix-(?:connect|listen|client|recv|recvfrom|sendto):([^,]+)/i, path], // socat
  [/^abstract-(?:connect|listen|client|recv|recvfrom|sendto):([^,]+)/i, abstract],
  [/^unix-abstract:(.+)$/i, abstract], // gRPC
  [/^(?:ipc|file):\/\/(\/.+)$/i, path],
];

/**
 * Return what to write in place of an address in the form of another program, as a part of a message;
 * `undefined` for any other text.
 */
export function rightForm(text: string): string | undefined {
  for (const [pattern, form] of READINGS) {
    const match = pattern.exec(text)?.[1];
    if (match !== undefined) return form(match);
  }
  return undefined;
}

function described(name: string): string {
  const escaped = name.replace(/[%?#\s]/g, encodeURIComponent);
  const uri = name.startsWith("/") ? `unix://${escaped}` : `unix:${escaped}`;
  return `write ${JSON.stringify(name)} as a path or name, new URL(${
    JSON.stringify(uri)
  }) as a URL`;
}

/** Decode percent escapes where they are UTF-8. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
