/**
 * A local stand-in for the functions of `jsr:@std/assert` that this project uses, on Deno's own
 * `node:assert`, for machines that cannot reach JSR. Names, signatures and meaning are those of the
 * original, so that a test written against one passes with the other.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert";
import { isDeepStrictEqual } from "node:util";

/** A class whose instances are `T`, abstract or not. */
export type ErrorConstructorOf<T> = abstract new (...args: never[]) => T;

/** A list as `assertArrayIncludes` takes it. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** The values that count as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** The error every failing assertion throws. */
export class AssertionError extends Error {
  /** Make an error with a message and, optionally, a cause. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function show(value: unknown): string {
  return Deno.inspect(value, { depth: 10, sorted: true, trailingComma: true, iterableLimit: 100 });
}

function raise(reason: string, msg: string | undefined, details = ""): never {
  throw new AssertionError(`${reason}${msg ? `: ${msg}` : ""}${details && `\n\n${details}\n`}`);
}

/** Assert that `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Assert that `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Tell whether two values are deeply equal, prototypes included. */
export function equal(a: unknown, b: unknown): boolean {
  return isDeepStrictEqual(a, b);
}

/** Assert that two values are deeply equal, prototypes included. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  raise("The values differ", msg, difference(actual, expected));
}

function difference(actual: unknown, expected: unknown): string {
  try {
    deepStrictEqual(actual, expected);
  } catch (error) {
    // The first line is only a heading of node's own.
    if (error instanceof Error) return error.message.replace(/^Expected values.*\n+/, "").trimEnd();
  }
  return `actual: ${show(actual)}\nexpected: ${show(expected)}`;
}

/** Assert that two values are not deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  raise(`Expected values that differ, but both are ${show(actual)}`, msg);
}

/** Assert that an object has the properties of another one, at whatever depth; others may be there as well. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any -- as in @std/assert: any object is taken
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(matching(actual, expected), matching(expected, expected), msg);
}

/** The part of a value that `expected` names: own properties of plain and other objects, not those of arrays. */
function matching(value: unknown, expected: unknown): unknown {
  if (!isComposite(value) || !isComposite(expected)) return value;
  const keys = Reflect.ownKeys(value).filter((it) => it in expected);
  return Object.fromEntries(keys.map((it) => [it, matching(value[it], expected[it])]));
}

function isComposite(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !ArrayBuffer.isView(value);
}

/** Assert that two values are the same by `Object.is`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  if (equal(actual, expected)) {
    raise("The values are equal, but not one and the same object", msg, show(actual));
  }
  raise("The values are not the same", msg, difference(actual, expected));
}

/** Assert that two values are not the same by `Object.is`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  raise(`Expected two things, but both are the same ${show(actual)}`, msg);
}

/** Assert that a value is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual !== undefined && actual !== null) return;
  raise(`Expected a value, got ${actual}`, msg);
}

/** Assert that a value is an instance of a class. */
export function assertInstanceOf<T extends ErrorConstructorOf<unknown>>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  raise(`Expected an instance of "${expectedType.name}", got ${describe(actual)}`, msg);
}

function describe(value: unknown): string {
  if (value === null || typeof value !== "object") return `${show(value)}`;
  return `an object of class "${value.constructor?.name ?? "(none)"}"`;
}

/** Assert that a value is an error, optionally of a class and with a text in its message. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorConstructorOf<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    raise(`Expected an Error, got ${show(error)}`, msg);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw new AssertionError(
      `Expected an error of class "${ErrorClass.name}", got "${error.constructor.name}"` +
        `${msg ? `: ${msg}` : ""}\n${error.stack ?? error.message}`,
      { cause: error },
    );
  }
  if (msgMatches === undefined || matches(error.message, msgMatches)) return;
  const wanted = typeof msgMatches === "string"
    ? `include ${show(msgMatches)}`
    : `match ${msgMatches}`;
  raise(`Expected the error message to ${wanted}, got ${show(error.message)}`, msg);
}

function matches(text: string, wanted: string | RegExp): boolean {
  return typeof wanted === "string" ? text.includes(wanted) : wanted.test(text);
}

/** Assert that a function throws, and return what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Assert that a function throws an error of a class, and return the error. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  classOrMsg?: ErrorConstructorOf<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): unknown {
  const given = arrange(classOrMsg, msgIncludesOrMsg, msg);
  try {
    fn();
  } catch (error) {
    if (given.ErrorClass) assertIsError(error, given.ErrorClass, given.includes, given.msg);
    return error;
  }
  raise("Expected the function to throw", given.msg);
}

/** Assert that a function returns a promise that rejects, and return what it rejected with. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Assert that a function returns a promise that rejects with an error of a class. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorConstructorOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorConstructorOf<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): Promise<unknown> {
  const given = arrange(classOrMsg, msgIncludesOrMsg, msg);
  let promise: PromiseLike<unknown>;
  try {
    promise = fn();
  } catch (error) {
    throw new AssertionError(
      `Expected a rejected promise, but the function threw${given.msg ? `: ${given.msg}` : ""}`,
      { cause: error },
    );
  }
  try {
    await promise;
  } catch (error) {
    if (given.ErrorClass) assertIsError(error, given.ErrorClass, given.includes, given.msg);
    return error;
  }
  raise("Expected the promise to reject", given.msg);
}

interface Expectation<E> {
  ErrorClass: ErrorConstructorOf<E> | undefined;
  includes: string | undefined;
  msg: string | undefined;
}

function arrange<E>(
  classOrMsg: ErrorConstructorOf<E> | string | undefined,
  msgIncludesOrMsg: string | undefined,
  msg: string | undefined,
): Expectation<E> {
  return typeof classOrMsg === "function"
    ? { ErrorClass: classOrMsg, includes: msgIncludesOrMsg, msg }
    : { ErrorClass: undefined, includes: undefined, msg: classOrMsg };
}

/** Assert that a text matches a regular expression. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  raise(`Expected ${show(actual)} to match ${show(expected)}`, msg);
}

/** Assert that a text does not match a regular expression. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  raise(`Expected ${show(actual)} not to match ${show(expected)}`, msg);
}

/** Assert that a text contains another. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  raise(`Expected ${show(actual)} to contain ${show(expected)}`, msg);
}

/** Assert that a list contains every item of another, by deep equality. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const present = Array.from(actual);
  const missing = Array.from(expected).filter((wanted) => !present.some((it) => equal(it, wanted)));
  if (missing.length === 0) return;
  raise(
    `Expected ${show(actual)} to include ${show(expected)}, missing ${show(missing)}`,
    msg,
  );
}

/** Assert that `actual` is greater than `expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (actual > expected) return;
  raise(`Expected ${show(actual)} > ${show(expected)}`, msg);
}

/** Assert that `actual` is greater than or equal to `expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual >= expected) return;
  raise(`Expected ${show(actual)} >= ${show(expected)}`, msg);
}

/** Assert that `actual` is less than `expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (actual < expected) return;
  raise(`Expected ${show(actual)} < ${show(expected)}`, msg);
}

/** Assert that `actual` is less than or equal to `expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (actual <= expected) return;
  raise(`Expected ${show(actual)} <= ${show(expected)}`, msg);
}

/** Fail. */
export function fail(msg?: string): never {
  raise("Failed", msg);
}

/** Fail because a place was reached that should not be. */
export function unreachable(msg?: string): never {
  raise("Reached a place that nothing should reach", msg);
}
