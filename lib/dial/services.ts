/**
 * Which port a service name stands for: the registry first, then the system's services file.
 *
 * @module
 */

import { requireOptions, shown } from "../errors.ts";
import { quote } from "./errors.ts";
import {
  checkProtocolName,
  checkServiceName,
  isPort,
  parsePort,
  protocolKey,
  serviceKey,
} from "./names.ts";
import { ServicesFile } from "./services_file.ts";
import type { Service } from "./types.ts";

/** The names every program finds registered: those of Hare's `net::dial`. */
const DEFAULT_SERVICES: readonly Service[] = [
  { protocol: "tcp", name: "ssh", port: 22 },
  { protocol: "tcp", name: "smtp", aliases: ["mail"], port: 25 },
  { protocol: "tcp", name: "domain", aliases: ["dns"], port: 53 },
  { protocol: "tcp", name: "http", aliases: ["www"], port: 80 },
  { protocol: "tcp", name: "imap2", aliases: ["imap"], port: 143 },
  { protocol: "tcp", name: "https", port: 443 },
  { protocol: "tcp", name: "submission", port: 587 },
  { protocol: "tcp", name: "imaps", port: 993 },
  { protocol: "udp", name: "domain", aliases: ["dns"], port: 53 },
  { protocol: "udp", name: "ntp", port: 123 },
];

/** One registration; all its names share the object, so that it knows its own entries again. */
interface Entry {
  readonly port: number;
}

let entries: Map<string, Entry> | undefined;
const system = new ServicesFile();

/** The registered names, made at the first use: most programs that import this dial no service. */
function registered(): Map<string, Entry> {
  if (entries) return entries;
  entries = new Map();
  for (const { protocol, name, aliases = [], port } of DEFAULT_SERVICES) {
    enter(entries, [name, ...aliases].map((each) => serviceKey(protocol, each)), port);
  }
  return entries;
}

function enter(entries: Map<string, Entry>, keys: readonly string[], port: number): Entry {
  const entry: Entry = { port };
  for (const key of keys) entries.set(key, entry);
  return entry;
}

/**
 * Register a service name, with its aliases, for a protocol. Names are compared without regard to
 * case, and always together with their protocol: a name of `"udp"` says nothing about `"tcp"`.
 *
 * Registered from the start are, for tcp, `ssh`, `smtp` (`mail`), `domain` (`dns`), `http` (`www`),
 * `imap2` (`imap`), `https`, `submission` and `imaps`, and for udp `domain` (`dns`) and `ntp`: the
 * table of Hare's `net::dial`. Names from the system's services file are not taken: a registration
 * goes before them.
 *
 * @param service The protocol, the name, its aliases and the port from 1 to 65535.
 * @returns A handle; disposing it removes the registration, as often as you like, and never a later
 * registration of the same name.
 * @throws {TypeError} If the name or an alias is malformed or taken; nothing is registered then.
 * @throws {RangeError} If the port is not an integer from 1 to 65535.
 *
 * @example Give a port of your own a name
 * ```ts
 * import { dial, dialUri, registerService } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 * using _service = registerService({ protocol: "tcp", name: "my-app", aliases: ["app"], port });
 *
 * using byName = await dial("tcp", "127.0.0.1", "app");
 * using byScheme = await dialUri("my-app://127.0.0.1");
 * ```
 */
export function registerService(service: Service): Disposable {
  requireOptions(service, "register a service");
  const { protocol, name, aliases = [], port } = service;
  if (!Array.isArray(aliases)) {
    throw new TypeError(
      `Cannot register the service ${quote(String(name))}: give its aliases as an array of names`,
    );
  }
  const names = [name, ...aliases];
  checkProtocolName(protocol);
  names.forEach(checkServiceName);
  if (!isPort(port)) {
    throw new RangeError(
      `Cannot register the service ${quote(name)}: ${
        shown(port)
      } is no port; give an integer from 1 to 65535`,
    );
  }
  const keys = names.map((each) => serviceKey(protocol, each));
  const entries = registered();
  const taken = keys.findIndex((key, at) => entries.has(key) || keys.indexOf(key) < at);
  if (taken >= 0) {
    throw new TypeError(
      `Cannot register the service ${quote(names[taken] ?? name)} of the protocol ` +
        `${quote(protocol)}: the name is taken; dispose the earlier registration first`,
    );
  }

  const entry = enter(entries, keys, port);
  return {
    [Symbol.dispose](): void {
      for (const key of keys) {
        if (entries.get(key) === entry) entries.delete(key);
      }
    },
  };
}

/**
 * Look up the port of a service. A registered name or alias goes first; the system's services file
 * (services(5), `/etc/services`) is consulted after it. A decimal number from 1 to 65535 stands for
 * itself.
 *
 * The file is read once, when a name is first looked up in it, and only if the program already has
 * permission to read it: this function never prompts. Without permission, or without a file, only
 * registered names are found.
 *
 * @param protocol The protocol the name belongs to, such as `"tcp"`. It need not be registered.
 * @param service The name or a decimal number, such as `"https"` or `"443"`.
 * @returns The port, or undefined if there is none of that name.
 *
 * @example Look up a name
 * ```ts
 * import { lookupService } from "@denet/unix/dial";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(lookupService("tcp", "https"), 443);
 * assertEquals(lookupService("tcp", "mail"), 25);
 * assertEquals(lookupService("tcp", "8080"), 8080);
 * assertEquals(lookupService("tcp", "no-such-service"), undefined);
 * ```
 */
export function lookupService(protocol: string, service: string): number | undefined {
  if (typeof protocol !== "string" || typeof service !== "string") {
    throw new TypeError(
      `Cannot look up the service ${shown(service)} of ${
        shown(protocol)
      }: give both names as strings`,
    );
  }
  return parsePort(service) ??
    registered().get(serviceKey(protocol, service))?.port ??
    system.lookup(protocol, service);
}

/** Find the first of some protocols that knows a service; registered names go before the file's. */
export function findProtocolOfService(
  service: string,
  protocols: readonly string[],
): string | undefined {
  return protocols.find((protocol) => registered().has(serviceKey(protocol, service))) ??
    protocols.find((protocol) => system.lookup(protocol, service) !== undefined);
}

/** List the names, aliases included, registered for a protocol. */
export function registeredServices(protocol: string): string[] {
  const prefix = `${protocolKey(protocol)}/`;
  return [...registered().keys()]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

/** Say in a message that the system's file was left out; empty where it was not. */
export function describeUnread(): string {
  return system.isPermitted() ? "" : ` (without permission to read ${quote(system.path)})`;
}
