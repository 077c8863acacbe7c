/**
 * Binding sockets to addresses that the user gave.
 *
 * @module
 */

import { codeOf } from "./text.ts";

/**
 * Bind a socket by `bind`, and say of a taken address what the tools can do about it.
 *
 * @throws {Error} If that fails.
 */
export function bound<T>(address: string, replace: boolean, bind: () => T): T {
  try {
    return bind();
  } catch (error) {
    if (codeOf(error) !== "EADDRINUSE" && !(error instanceof Deno.errors.AddrInUse)) throw error;
    const advice = replace ? "something else is there" : "--replace removes a left-over socket";
    throw new Error(`Cannot listen on "${address}": the address is taken; ${advice}`);
  }
}
