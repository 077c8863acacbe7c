/**
 * Connect by protocol name, address and service, or by URI, after Hare's `net::dial`. Protocols and
 * services are kept in a registry that a program can add to.
 *
 * On its own this module knows `tcp`, `tls` (the same, encrypted) and `vsock` (between a virtual machine and
 * its host; Deno requires `--unstable-vsock` for it). Importing `@denet/unix` adds the protocols of Unix domain
 * sockets, so that a program can take its peer's address from a setting, whatever its kind.
 *
 * Importing it needs no permission.
 *
 * @example One setting, any kind of address
 * ```ts
 * import { dialUri } from "@denet/unix/dial";
 *
 * using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
 * const { port } = listener.addr as Deno.NetAddr;
 *
 * const peer = `tcp://127.0.0.1:${port}`; // or "unix:///run/app.sock"
 * using conn = await dialUri(peer);
 * await conn.write(new TextEncoder().encode("hello\n"));
 * ```
 *
 * @module
 */

import "../../ffi/runtime.ts";

export { dial, dialUri } from "./dial.ts";
export { UnknownProtocolError, UnknownServiceError } from "./errors.ts";
export { registerProtocol } from "./registry.ts";
export { lookupService, registerService } from "./services.ts";
export type { Dialer, DialOptions, ProtocolOptions, Service, TlsOptions } from "./types.ts";
