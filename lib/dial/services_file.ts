/**
 * The system's services file, as services(5) describes it.
 *
 * @module
 */

import { parsePort, serviceKey } from "./names.ts";

/** Where POSIX systems keep the file. */
export const SERVICES_PATH = "/etc/services";

/**
 * Read the text of a services file: `name port/protocol alias…`, `#` starts a comment. Lines of any
 * other form are ignored; of several lines for one name the first counts, as in getservbyname(3).
 */
export function parseServices(text: string): Map<string, number> {
  const ports = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [name, endpoint, ...aliases] = line.replace(/#.*/, "").trim().split(/\s+/);
    const [, digits, protocol] = endpoint?.match(/^(\d+)\/([^/]+)$/) ?? [];
    const port = parsePort(digits ?? "");
    if (name === undefined || protocol === undefined || port === undefined) continue;
    for (const each of [name, ...aliases]) {
      const key = serviceKey(protocol, each);
      if (!ports.has(key)) ports.set(key, port);
    }
  }
  return ports;
}

/** A services file that is read when a name is first looked up in it, and only if that is permitted. */
export class ServicesFile {
  readonly #path: string;
  #ports: Map<string, number> | undefined;

  constructor(path: string = SERVICES_PATH) {
    this.#path = path;
  }

  /** Where the file is. */
  get path(): string {
    return this.#path;
  }

  /** Whether the program may read the file without asking its user. */
  isPermitted(): boolean {
    return Deno.permissions.querySync({ name: "read", path: this.#path }).state === "granted";
  }

  /** Look up the port of a service; undefined also when there is no file that can be read. */
  lookup(protocol: string, service: string): number | undefined {
    this.#ports ??= this.#read();
    return this.#ports?.get(serviceKey(protocol, service));
  }

  /** A failure is not kept: permission may be granted, or the file may appear, later. */
  #read(): Map<string, number> | undefined {
    if (!this.isPermitted()) return undefined;
    try {
      return parseServices(Deno.readTextFileSync(this.#path));
    } catch {
      return undefined;
    }
  }
}
