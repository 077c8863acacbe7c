/**
 * The default address of the file server.
 *
 * @module
 */

/**
 * Return the address: in the directory that only this user can enter, by the XDG Base Directory
 * Specification; `undefined` without one.
 */
export function usualSocket(): string | undefined {
  const directory = Deno.env.get("XDG_RUNTIME_DIR");
  return directory?.startsWith("/") ? `${directory}/fdpass.sock` : undefined;
}
