import { type Socket, unix } from "../../mod.ts";
import type { Frame } from "../../lib/frames/mod.ts";

/** Two ends of a stream that are closed with the block. */
export function streamPair(): Disposable & { readonly near: Socket; readonly far: Socket } {
  const [near, far] = unix.socketpair();
  return {
    near,
    far,
    [Symbol.dispose](): void {
      near.close();
      far.close();
    },
  };
}

/** Bytes of a text. */
export function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** The text of a frame without its prefix or delimiter, and its descriptors closed; `null` for no frame. */
export function bodyOf(frame: Frame | null): string | null {
  frame?.[Symbol.dispose]();
  return frame && new TextDecoder().decode(frame.body);
}

/** A body with its length in front of it, in 4 bytes. */
export function prefixed(body: Uint8Array): Uint8Array {
  const frame = new Uint8Array(4 + body.byteLength);
  new DataView(frame.buffer).setUint32(0, body.byteLength);
  frame.set(body, 4);
  return frame;
}

/** Let everything run that is ready. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}
