/**
 * The errors of the dial registry, and how its messages quote what a caller passed.
 *
 * @module
 */

const MAX_QUOTED = 100;
const MAX_LISTED = 20;

/** Quote text for a message: control characters escaped, cut to a sensible length. */
export function quote(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}

/** Return a URI without the user's name and password: they have no place in a message. */
export function withoutUser(uri: string): string {
  return uri.replace(/^([^:/]*:\/\/)[^/?#]*@/, "$1");
}

/**
 * Return a URI for a message, without what may be secret: the user's name and password, also where they are no part of
 * an authority, as in `tcp:user:password@host`, and what follows "?" or "#".
 */
export function withoutSecrets(uri: string): string {
  const [, address = "", extra = ""] = /^([^?#]*)(.*)$/s.exec(withoutUser(uri)) ?? [];
  // The path of a `unix:` URL is the address itself, and may have both characters.
  const isPath = /^unix:/i.test(address);
  const shown = isPath ? address : address.replace(/^([^:]*:\/*)[^]*:[^]*@/, "$1");
  return shown + withoutValue(extra);
}

/** Return the address of a host for a message, without a user's name and password, which it has no place for. */
export function hostWithoutSecrets(address: string): string {
  const [, host = "", extra = ""] = /^([^?#]*)(.*)$/s.exec(address.replace(/^[^]*@/, "")) ?? [];
  return host + withoutValue(extra);
}

/** Return a query or fragment, or both, for a message: they often carry tokens. */
function withoutValue(extra: string): string {
  return extra.length > 1 ? `${extra[0]}…` : extra;
}

/** List names for a message, the first few of them when there are many. */
export function list(names: readonly string[]): string {
  if (names.length === 0) return "none";
  const shown = names.slice(0, MAX_LISTED).map(quote).join(", ");
  const hidden = names.length - MAX_LISTED;
  return hidden > 0 ? `${shown} and ${hidden} more` : shown;
}

/**
 * Thrown by `dial` and `dialUri` for a protocol that is not registered. The message lists those
 * that are.
 *
 * @example Import the provider when a protocol is missing
 * ```ts
 * import { dial, UnknownProtocolError } from "@denet/unix/dial";
 *
 * try {
 *   await dial("carrier-pigeon", "loft 7");
 * } catch (error) {
 *   if (!(error instanceof UnknownProtocolError)) throw error;
 *   console.log(error.protocol, error.registered); // "carrier-pigeon" [ "tcp" ]
 * }
 * ```
 */
export class UnknownProtocolError extends TypeError {
  /** The class name, as for every built-in error. */
  override readonly name = "UnknownProtocolError";
  /** The name that was asked for. */
  readonly protocol: string;
  /** The names registered at that moment. */
  readonly registered: readonly string[];

  /**
   * Describe a missing protocol.
   *
   * @param protocol The name that was asked for.
   * @param registered The names that are registered.
   * @param detail More to say about the name, put after it; for instance where else it was looked for.
   *
   * @example
   * ```ts
   * import { UnknownProtocolError } from "@denet/unix";
   *
   * console.log(new UnknownProtocolError("pigeon", ["tcp"]).message);
   * ```
   */
  constructor(protocol: string, registered: readonly string[], detail = "") {
    super(
      `Unknown protocol ${quote(protocol)}${detail}: registered are ${list(registered)}; ` +
        "call registerProtocol() or import the module that provides it",
    );
    this.protocol = protocol;
    this.registered = registered;
  }
}

/**
 * Thrown by a dialer for a service name without a port. The message lists the names registered for
 * that protocol.
 *
 * @example Register a missing service
 * ```ts
 * import { dial, UnknownServiceError } from "@denet/unix/dial";
 *
 * try {
 *   await dial("tcp", "127.0.0.1", "no-such-service");
 * } catch (error) {
 *   if (!(error instanceof UnknownServiceError)) throw error;
 *   console.log(error.protocol, error.service); // "tcp" "no-such-service"
 * }
 * ```
 */
export class UnknownServiceError extends TypeError {
  /** The class name, as for every built-in error. */
  override readonly name = "UnknownServiceError";
  /** The protocol whose services were searched. */
  readonly protocol: string;
  /** The name that was asked for. */
  readonly service: string;
  /** The names, aliases included, registered for the protocol at that moment. */
  readonly registered: readonly string[];

  /**
   * Describe a missing service.
   *
   * @param protocol The protocol whose services were searched.
   * @param service The name that was asked for.
   * @param registered The names that are registered for the protocol.
   * @param detail More to say about the name, put after it; for instance where else it was looked for.
   *
   * @example
   * ```ts
   * import { UnknownServiceError } from "@denet/unix";
   *
   * console.log(new UnknownServiceError("tcp", "coffee", ["http"]).message);
   * ```
   */
  constructor(protocol: string, service: string, registered: readonly string[], detail = "") {
    super(
      `Unknown service ${quote(service)} of the protocol ${quote(protocol)}${detail}: ` +
        `registered are ${list(registered)}; call registerService() or give the port as a number`,
    );
    this.protocol = protocol;
    this.service = service;
    this.registered = registered;
  }
}
