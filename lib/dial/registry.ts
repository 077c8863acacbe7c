/**
 * Which dialer a protocol name stands for.
 *
 * @module
 */

import { requireOptions } from "../errors.ts";
import { quote } from "./errors.ts";
import { checkProtocolName, protocolKey } from "./names.ts";
import { dialTcp } from "./tcp.ts";
import { dialTls } from "./tls.ts";
import { dialVsock } from "./vsock.ts";
import type { Dialer, ProtocolOptions } from "./types.ts";

/** A protocol as the registry keeps it. */
export interface Protocol {
  /** What connects. */
  readonly dialer: Dialer;
  /** What an address of the protocol is. */
  readonly address: "host" | "path";
  /** What connects to an address that is no text. */
  readonly dialBytes: ProtocolOptions["dialBytes"];
}

const host = (dialer: Dialer): Protocol => ({ dialer, address: "host", dialBytes: undefined });

const protocols = new Map<string, Protocol>([
  ["tcp", host(dialTcp)],
  ["tls", host(dialTls)],
  ["vsock", host(dialVsock)],
]);

/**
 * Register a protocol, so that `dial` and `dialUri` reach it by name. Names are compared without
 * regard to case, as URI schemes are. `tcp`, `tls` and `vsock` are registered from the start; importing
 * `@denet/unix` adds the protocols of Unix domain sockets.
 *
 * @param name A letter followed by letters, digits, `+`, `-` or `.`: a URI scheme by RFC 3986.
 * @param dialer What connects. `dial` calls it with the address and the service as they were given,
 * turns what it throws into a rejection, and closes a connection it returns after an abort.
 * @param options Whether the protocol's addresses are hosts or paths, for `dialUri`.
 * @returns A handle; disposing it removes the registration, as often as you like, and never a later
 * registration of the same name. Calls already under way are not affected.
 * @throws {TypeError} If the name is malformed or taken, or `dialer` is not a function.
 *
 * @example Reach a service through a protocol of your own
 * ```ts
 * import { dial, dialUri, registerProtocol } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 *
 * using _protocol = registerProtocol(
 *   "local",
 *   (address, service, { signal }) =>
 *     Deno.connect({ port: Number(address || service), ...(signal && { signal }) }),
 *   { address: "path" },
 * );
 * using byName = await dial("local", `${port}`);
 * using byUri = await dialUri(`local:${port}`);
 * ```
 */
export function registerProtocol(
  name: string,
  dialer: Dialer,
  options: ProtocolOptions = {},
): Disposable {
  requireOptions(options, "register a protocol");
  const { address = "host", dialBytes } = options;
  checkProtocolName(name);
  if (typeof dialer !== "function") {
    throw new TypeError(
      `Cannot register the protocol ${quote(name)}: its dialer is not a function; give one`,
    );
  }
  if (address !== "host" && address !== "path") {
    throw new TypeError(
      `Cannot register the protocol ${
        quote(name)
      }: its \`address\` is unknown; give "host" or "path"`,
    );
  }
  if (dialBytes !== undefined && typeof dialBytes !== "function") {
    throw new TypeError(
      `Cannot register the protocol ${
        quote(name)
      }: its \`dialBytes\` is not a function; give one, or leave it out`,
    );
  }
  const key = protocolKey(name);
  if (protocols.has(key)) {
    throw new TypeError(
      `Cannot register the protocol ${quote(name)}: the name is taken; ` +
        "dispose the earlier registration first",
    );
  }

  const entry: Protocol = { dialer, address, dialBytes };
  protocols.set(key, entry);
  return {
    [Symbol.dispose](): void {
      if (protocols.get(key) === entry) protocols.delete(key);
    },
  };
}

/** Add a protocol of this package, whose name is known to be well-formed, in lower case and free. */
export function addProtocol(name: string, protocol: Protocol): void {
  protocols.set(name, protocol);
}

/** Find a protocol by name. */
export function findProtocol(name: string): Protocol | undefined {
  return protocols.get(protocolKey(name));
}

/** List the registered protocols, the earliest registered first. */
export function registeredProtocols(): string[] {
  return [...protocols.keys()];
}
