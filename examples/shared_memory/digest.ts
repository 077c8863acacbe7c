/** Return a sum over all words, in hexadecimal. */
export function digest(words: Uint32Array): string {
  let sum = 0;
  for (const word of words) sum = (Math.imul(sum, 31) + word) >>> 0;
  return sum.toString(16);
}
