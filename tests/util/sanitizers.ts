/**
 * Loaded before the tests by a Deno that is older than 2.9: there, sanitizers look at every test unless it
 * says otherwise. They do not see descriptors from C, which `noLeaks()` does.
 *
 * @module
 */

const { test } = Deno;
const off = { sanitizeOps: false, sanitizeResources: false };

Object.defineProperty(Deno, "test", {
  value: (first: string | Deno.TestDefinition, fn?: Deno.TestDefinition["fn"]): void => {
    const named = typeof first === "string" ? { name: first, fn: fn ?? (() => {}) } : first;
    test({ ...off, ...named });
  },
});
