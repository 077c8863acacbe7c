/** The two functions by which Deno's own sockets and the module's differ in these programs. */
export interface Transport {
  listen(path: string): Deno.Listener<Deno.Conn>;
  connect(path: string): Promise<Deno.Conn>;
  /** Sets options on an accepted connection. */
  accepted?(conn: Deno.Conn): void;
}

/** A connected pair, both ends in this process. */
export async function pair(
  { listen, connect }: Transport,
  path: string,
): Promise<[Deno.Conn, Deno.Conn]> {
  const listener = listen(path);
  const [client, server] = await Promise.all([connect(path), listener.accept()]);
  listener.close();
  return [client, server];
}

/** Serves every connection that comes with `handle`, in the background. */
export function background(
  { listen, accepted }: Transport,
  path: string,
  handle: (conn: Deno.Conn) => Promise<void>,
): void {
  const listener = listen(path);
  (async () => {
    for await (const conn of listener) {
      accepted?.(conn);
      await handle(conn);
    }
  })();
}

/** Reads until `buffer` is full; false if the stream ends before. */
export async function readFull(conn: Deno.Conn, buffer: Uint8Array): Promise<boolean> {
  let filled = 0;
  while (filled < buffer.length) {
    const count = await conn.read(filled === 0 ? buffer : buffer.subarray(filled));
    if (count === null) return false;
    filled += count;
  }
  return true;
}

/** Writes all of `data`. */
export async function writeFull(conn: Deno.Conn, data: Uint8Array): Promise<void> {
  let written = await conn.write(data);
  while (written < data.length) written += await conn.write(data.subarray(written));
}
