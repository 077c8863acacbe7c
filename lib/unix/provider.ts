/**
 * Adds Unix sockets to the registry of `dial`.
 *
 * @module
 */

import type { DialOptions } from "../dial/mod.ts";
import { addProtocol } from "../dial/registry.ts";
import type { SocketType } from "../socket/socket_type.ts";
import { connect, type ConnectOptions } from "./connect.ts";

/** The protocols, named as in Go's `net`, and the types of their sockets. */
const protocols: readonly (readonly [name: string, type: SocketType])[] = [
  ["unix", "stream"],
  ["unixpacket", "seqpacket"],
  ["unixgram", "dgram"],
];

function connectOptions({ signal }: DialOptions, type: SocketType): ConnectOptions {
  return signal === undefined ? { type } : { type, signal };
}

for (const [name, type] of protocols) {
  // Paths have no services: the service is ignored, as it is in Hare.
  const dial = (address: string | Uint8Array, _service: string, options: DialOptions) =>
    connect(address, connectOptions(options, type));
  addProtocol(name, { dialer: dial, address: "path", dialBytes: dial });
}
