/**
 * Text as bytes. What is behind `TextEncoder` Deno makes at its first use, which takes 0.1 ms: so it is not used
 * where this module is loaded.
 *
 * @module
 */

let encoder: TextEncoder | undefined;

/** Return the text in UTF-8. */
export function utf8(text: string): Uint8Array<ArrayBuffer> {
  return (encoder ??= new TextEncoder()).encode(text);
}
