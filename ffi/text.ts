/**
 * Text as bytes. The first `TextEncoder` of a program takes Deno 0.1 ms: it is made at the first use, not when this
 * module is loaded.
 *
 * @module
 */

let encoder: TextEncoder | undefined;

/** Return the text in UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return (encoder ??= new TextEncoder()).encode(text);
}
