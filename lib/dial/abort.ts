/**
 * Ends a pending connection when a signal aborts, whether or not its dialer heeds the signal.
 *
 * @module
 */

/** Settle as `pending` does, or reject with the signal's reason and close what arrives too late. */
export function untilAborted(
  pending: Promise<Deno.Conn>,
  signal: AbortSignal,
): Promise<Deno.Conn> {
  const { promise, resolve, reject } = Promise.withResolvers<Deno.Conn>();
  const abort = (): void => reject(signal.reason);
  if (signal.aborted) abort();
  else signal.addEventListener("abort", abort, { once: true });

  Promise.resolve(pending)
    .then((conn) => signal.aborted ? discard(conn) : resolve(conn), reject)
    .finally(() => signal.removeEventListener("abort", abort));
  return promise;
}

function discard(conn: Deno.Conn): void {
  try {
    conn.close();
  } catch {
    // The caller has the abort's reason already: a later error has no receiver.
  }
}
