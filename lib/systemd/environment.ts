/**
 * The variables by which a service manager speaks to a service.
 *
 * @module
 */

/**
 * Read an unsigned decimal number from a variable; `undefined` if it is not set.
 *
 * @throws {Deno.errors.InvalidData} If it holds anything else.
 */
export function readNumber(variable: string): bigint | undefined {
  const text = Deno.env.get(variable);
  if (text === undefined) return undefined;
  if (/^[0-9]{1,20}$/.test(text)) return BigInt(text);
  throw invalid(variable, text, "it is not a number");
}

/** Return the exception for a variable whose value makes no sense. */
export function invalid(variable: string, value: string, why: string): Error {
  return new Deno.errors.InvalidData(
    `Cannot use ${variable}=${JSON.stringify(value)}: ${why}; check the program that set it`,
  );
}

/** Run `use`, and then remove the variables, even if it throws: programs that this one starts must not see them. */
export function consuming<T>(variables: readonly string[], use: () => T): T {
  try {
    return use();
  } finally {
    for (const variable of variables) Deno.env.delete(variable);
  }
}
