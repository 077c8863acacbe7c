/**
 * The built-in protocol `tls`, on `Deno.connectTls`.
 *
 * @module
 */

import { malformedHost, resolveTcp } from "./tcp.ts";
import type { DialOptions } from "./types.ts";

/** Dial what `tcp` takes, and agree on encryption: the certificate must be for the host of the address. */
export async function dialTls(
  address: string,
  service: string,
  { tls = {} }: DialOptions,
): Promise<Deno.TlsConn> {
  const endpoint = resolveTcp(address, service, "tls");
  let conn: Deno.TlsConn;
  try {
    conn = await Deno.connectTls({ ...tls, ...endpoint });
  } catch (error) {
    throw malformedHost(error, address, "tls") ?? error;
  }
  return await verified(conn);
}

/** Verify now: Deno checks the certificate at the first read or write only. */
async function verified(conn: Deno.TlsConn): Promise<Deno.TlsConn> {
  try {
    await conn.handshake();
    return conn;
  } catch (error) {
    conn.close();
    throw error;
  }
}
