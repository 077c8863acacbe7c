/**
 * The protocols that unixtap decodes, by the names that `--as` takes.
 *
 * @module
 */

/** In the order in which their decoders look at the first bytes. */
export const PROTOCOL_NAMES = ["http", "json", "dbus", "wayland", "postgres", "redis"] as const;

/** The name of a protocol. */
export type ProtocolName = typeof PROTOCOL_NAMES[number];
