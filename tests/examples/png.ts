/**
 * Reading a PNG, as far as a screenshot uses the format: eight bits, red, green and blue, not interlaced.
 *
 * @module
 */

import { assertEquals } from "@std/assert";

/** An image. */
export interface Image {
  readonly width: number;
  readonly height: number;
  /** The colour of a point, as `0xRRGGBB`. */
  at(x: number, y: number): number;
}

/** Read a file. */
export async function readPng(path: string): Promise<Image> {
  const bytes = Deno.readFileSync(path);
  const view = new DataView(bytes.buffer);
  const data: Uint8Array<ArrayBuffer>[] = [];
  let [width, height, channels] = [0, 0, 3];
  for (let at = 8; at < bytes.byteLength; at += 12 + view.getUint32(at)) {
    const type = new TextDecoder().decode(bytes.subarray(at + 4, at + 8));
    if (type === "IDAT") data.push(bytes.subarray(at + 8, at + 8 + view.getUint32(at)));
    if (type !== "IHDR") continue;
    [width, height] = [view.getUint32(at + 8), view.getUint32(at + 12)];
    assertEquals({ depth: bytes[at + 16], interlacing: bytes[at + 20] }, {
      depth: 8,
      interlacing: 0,
    });
    channels = bytes[at + 17] === 6 ? 4 : 3;
  }
  const packed = new Blob(data).stream().pipeThrough(new DecompressionStream("deflate"));
  const rows = new Uint8Array(await new Response(packed).arrayBuffer());
  const pixels = unfilter(rows, width * channels, height, channels);
  return {
    width,
    height,
    at: (x, y) => {
      const [red = 0, green = 0, blue = 0] = pixels.subarray((y * width + x) * channels);
      return red << 16 | green << 8 | blue;
    },
  };
}

/** Undo what each row's first byte says was done to it. */
function unfilter(rows: Uint8Array, length: number, height: number, step: number): Uint8Array {
  const out = new Uint8Array(length * height);
  for (let y = 0; y < height; y++) {
    const filter = rows[y * (length + 1)] ?? 0;
    for (let x = 0; x < length; x++) {
      const i = y * length + x;
      const left = x < step ? 0 : out[i - step] ?? 0;
      const up = y === 0 ? 0 : out[i - length] ?? 0;
      const corner = x < step || y === 0 ? 0 : out[i - length - step] ?? 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter] ?? 0;
      out[i] = (rows[y * (length + 1) + 1 + x] ?? 0) + guess;
    }
  }
  return out;
}

function paeth(left: number, up: number, corner: number): number {
  const sum = left + up - corner;
  const [toLeft, toUp, toCorner] = [left, up, corner].map((it) => Math.abs(sum - it));
  if (toLeft === undefined || toUp === undefined || toCorner === undefined) return 0;
  if (toLeft <= toUp && toLeft <= toCorner) return left;
  return toUp <= toCorner ? up : corner;
}
