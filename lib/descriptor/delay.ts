/**
 * Waiting for time to pass.
 *
 * @module
 */

/** Wait for `milliseconds`, or until the signal aborts: then reject with its reason. */
export function delay(milliseconds: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    clearTimeout(timer);
    reject(signal?.reason);
  };
  const timer = setTimeout(() => {
    signal?.removeEventListener("abort", abort);
    resolve();
  }, milliseconds);
  signal?.addEventListener("abort", abort, { once: true });
  return promise;
}
