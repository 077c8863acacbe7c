/**
 * The picture: an evening at the sea.
 *
 * @module
 */

const SKY = [0x1d2b53, 0x35346b, 0x5b3f7f, 0x8a4a86, 0xbb5b80, 0xe57873, 0xf79f6b, 0xfdc777];
const SUN = 0xfff1c4;
const SEA = 0x173a5e;
const GLITTER = 0xf5b678;
const HILLS = 0x251c3d;

/** How high a hill is at a place, from 0 to 1. */
function hill(x: number, top: number, width: number): number {
  return Math.exp(-(((x - top) / width) ** 2));
}

/** The colour of a point, with the origin at the top left and both sides reaching to 1. */
function colorAt(x: number, y: number): number {
  const shore = 0.68;
  const hills = shore - 0.16 * hill(x, 0.1, 0.14) - 0.07 * hill(x, 0.3, 0.1) -
    0.12 * hill(x, 1, 0.1);
  const isSun = Math.hypot((x - 0.62) * 4 / 3, y - 0.5) < 0.13;
  if (y < shore) {
    if (y > hills) return HILLS;
    return isSun ? SUN : SKY[Math.floor(y / shore * SKY.length)] ?? SUN;
  }
  const depth = (y - shore) / (1 - shore);
  const wave = Math.sin(depth * 60 + Math.sin(x * 12) * 2);
  return wave > 0.4 && Math.abs(x - 0.62) < 0.06 + depth * 0.12 ? GLITTER : SEA;
}

/** Paint it. */
export function picture(x: number, y: number, width: number, height: number): number {
  return colorAt(x / width, y / height);
}
