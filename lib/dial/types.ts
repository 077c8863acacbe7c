/**
 * What a caller of `dial` passes, and what a protocol has to provide.
 *
 * @module
 */

/**
 * Options of `dial` and `dialUri`, handed on to the protocol's dialer.
 *
 * @example
 * ```ts
 * import { dial, type DialOptions, unix } from "@denet/unix";
 *
 * const options: DialOptions = { signal: AbortSignal.timeout(5000) };
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using conn = await dial("unix", path, "", options);
 * console.log(conn.remoteAddr, listener.type);
 * ```
 */
export interface DialOptions {
  /**
   * Ends the call when it aborts: the call rejects with the signal's reason, and a connection that
   * is established all the same is closed. It has no effect on a connection already returned.
   */
  signal?: AbortSignal;
  /**
   * What `Deno.connectTls` takes beside host and port: certificates of authorities, protocols to agree on, a
   * certificate of the client. For the protocol `tls`; others ignore it.
   */
  tls?: TlsOptions;
}

/**
 * Options of `Deno.connectTls`, without those that say where to connect to.
 *
 * @example
 * ```ts
 * import { dial, type TlsOptions } from "@denet/unix";
 * import { assertRejects } from "@std/assert";
 *
 * const tls: TlsOptions = { alpnProtocols: ["http/1.1"] };
 * const refused = dial("tls", "127.0.0.1", "1", { tls }); // no server listens on port 1
 * await assertRejects(() => refused, Deno.errors.ConnectionRefused);
 * ```
 */
export type TlsOptions =
  & Omit<Deno.ConnectTlsOptions, "hostname" | "port">
  & Partial<Deno.TlsCertifiedKeyPem>;

/**
 * A function that connects by one protocol. `address` is what the caller passed to `dial`, in
 * whatever form the protocol defines; `service` is a name or a decimal port, and `""` where the
 * caller gave none. A dialer that heeds `options.signal` saves work; one that does not is still safe,
 * because `dial` closes what arrives after an abort.
 *
 * @typeParam T The kind of connection the protocol yields.
 *
 * @example
 * ```ts
 * import { dial, type Dialer, registerProtocol, unix } from "@denet/unix";
 *
 * const socat: Dialer = (address) => unix.connect(address.slice("UNIX-CONNECT:".length));
 * using _protocol = registerProtocol("socat", socat);
 *
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using conn = await dial("socat", `UNIX-CONNECT:${path}`);
 * console.log(conn.remoteAddr, listener.type);
 * ```
 */
export type Dialer<T extends Deno.Conn = Deno.Conn> = (
  address: string,
  service: string,
  options: DialOptions,
) => Promise<T>;

/**
 * Options of `registerProtocol`.
 *
 * @example
 * ```ts
 * import { dialUri, type ProtocolOptions, registerProtocol, unix } from "@denet/unix";
 *
 * const options: ProtocolOptions = { address: "path" };
 * using _protocol = registerProtocol("local", (path) => unix.connect(path), options);
 * const path = `${Deno.makeTempDirSync()}/app.sock`;
 * using listener = unix.listen(path);
 * using conn = await dialUri(`local://${path}`); // the dialer gets the path
 * console.log(conn.remoteAddr, listener.type);
 * ```
 */
export interface ProtocolOptions {
  /**
   * What names an endpoint of this protocol, which decides how `dialUri` takes a URI apart.
   *
   * - `"host"`: a host with or without a port. `proto://host:1` gives the address `"host:1"`, and
   *   `proto:text` gives `"text"`; a host together with a path is refused.
   * - `"path"`: a path or another single name. `proto:///dir/name` gives `"/dir/name"` and
   *   `proto:name` gives `"name"`; a host other than `localhost` is refused, since it is nearly
   *   always the first part of a path with a slash missing.
   *
   * @default {"host"}
   */
  address?: "host" | "path";
  /**
   * Connects to an address that is no text: `dialUri` calls it in place of the dialer where the percent
   * escapes of a path are not UTF-8. Without it, such a URI is refused.
   */
  dialBytes?: (
    address: Uint8Array,
    service: string,
    options: DialOptions,
  ) => Promise<Deno.Conn>;
}

/**
 * A service name of a protocol, and the port it stands for.
 *
 * @example
 * ```ts
 * import { lookupService, registerService, type Service } from "@denet/unix";
 * import { assertEquals } from "@std/assert";
 *
 * const redis: Service = { protocol: "tcp", name: "redis", port: 6379 };
 * using _service = registerService(redis);
 * assertEquals(lookupService("tcp", "redis"), 6379);
 * ```
 */
export interface Service {
  /** The protocol the name belongs to, such as `"tcp"`. It need not be registered. */
  readonly protocol: string;
  /** The name, such as `"https"`. Compared without regard to case. */
  readonly name: string;
  /** Further names for the same port. */
  readonly aliases?: readonly string[];
  /** The port, 1 to 65535. */
  readonly port: number;
}
