/**
 * What `dial_test.ts` runs with few permissions or none: prints what lookups found and which files
 * they read. An argument is a TCP port on loopback to dial.
 *
 * @module
 */

import { dial, dialUri, lookupService } from "../../lib/dial/mod.ts";

const reads: string[] = [];
const { readTextFileSync } = Deno;
Deno.readTextFileSync = (path): string => {
  reads.push(`${path}`);
  return readTextFileSync(path);
};

const messageOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(() => null, (error) => error.message);

const [port] = Deno.args;
if (port !== undefined) {
  for (const promise of [dial("tcp", "127.0.0.1", port), dialUri(`http://127.0.0.1:${port}`)]) {
    (await promise).close();
  }
}

console.log(JSON.stringify(
  port !== undefined ? { reads } : {
    registered: lookupService("tcp", "https"),
    number: lookupService("tcp", "8080"),
    fromFile: lookupService("tcp", "telnet") ?? null,
    unknownService: await messageOf(dial("tcp", "127.0.0.1", "no-such-service")),
    unknownProtocol: await messageOf(dialUri("no-such-scheme://127.0.0.1")),
    reads,
  },
));
