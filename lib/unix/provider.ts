/**
 * Adds Unix sockets to the registry of `dial`.
 *
 * @module
 */

import { type DialOptions, registerProtocol } from "../dial/mod.ts";
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
  registerProtocol(
    name,
    (address, _service, options) => connect(address, connectOptions(options, type)),
    {
      address: "path",
      dialBytes: (address, _service, options) => connect(address, connectOptions(options, type)),
    },
  );
}
