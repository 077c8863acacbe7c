/** A TCP listener on loopback that keeps what connects, and closes everything on disposal. */
export interface TestListener extends Disposable {
  /** The address that was bound. */
  readonly hostname: string;
  /** The port that was bound. */
  readonly port: number;
  /** Wait for the next connection. */
  accept(): Promise<Deno.TcpConn>;
}

/** Listen on loopback: `using listener = listen()`. */
export function listen(hostname = "127.0.0.1"): TestListener {
  const listener = Deno.listen({ hostname, port: 0 });
  const accepted: Deno.TcpConn[] = [];
  return {
    hostname,
    port: listener.addr.port,
    accept: async () => {
      const conn = await listener.accept();
      accepted.push(conn);
      return conn;
    },
    [Symbol.dispose]: () => {
      for (const conn of accepted) conn.close();
      listener.close();
    },
  };
}

/** The port a connection leads to. */
export function remotePort(conn: Deno.Conn): number {
  return (conn.remoteAddr as Deno.NetAddr).port;
}

/** Whether this machine has IPv6 on loopback. */
export function hasIpv6(): boolean {
  try {
    Deno.listen({ hostname: "::1", port: 0 }).close();
    return true;
  } catch {
    return false;
  }
}
