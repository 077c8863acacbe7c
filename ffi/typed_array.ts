/**
 * What typed arrays are, whatever their class or their own properties say.
 *
 * @module
 */

/** A getter of every typed array: a subclass or a property of the object's own may say something else. */
function trueGetter<T>(
  name: "buffer" | "byteLength" | "byteOffset" | typeof Symbol.toStringTag,
): (bytes: Uint8Array) => T {
  const typedArray = Object.getPrototypeOf(Uint8Array.prototype);
  const { get } = Object.getOwnPropertyDescriptor(typedArray, name) ?? {};
  return Function.prototype.call.bind(get ?? (() => undefined));
}

/** Return the true length of `bytes`, for the kernel to read or write. */
export const byteLengthOf: (bytes: Uint8Array) => number = trueGetter("byteLength");

/** Return the true buffer of `bytes`. */
export const bufferOf: (bytes: Uint8Array) => ArrayBufferLike = trueGetter("buffer");

/** Return where `bytes` begin in that. */
export const byteOffsetOf: (bytes: Uint8Array) => number = trueGetter("byteOffset");

/** The name of the class that made a typed array, whatever its prototype says. */
const classOf: (bytes: Uint8Array) => string | undefined = trueGetter(Symbol.toStringTag);

/**
 * Whether `value` is a `Uint8Array`, of this realm or another, such as a context of `node:vm`, and has memory: neither
 * a prototype nor a proxy can feign that.
 */
export function isUint8Array(value: unknown): value is Uint8Array {
  return classOf(value as Uint8Array) === "Uint8Array";
}
