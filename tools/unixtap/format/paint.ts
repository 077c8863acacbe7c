/**
 * Colours for terminals.
 *
 * @module
 */

/** What a colour stands for. */
export type Color = "plain" | "dim" | "client" | "server" | "error";

/** Colours a piece of a line. */
export type Paint = (color: Color, text: string) => string;

const CODES: Record<Color, number> = { plain: 0, dim: 2, client: 36, server: 33, error: 31 };

/** Return what colours text, or leaves it as it is. */
export function painter(isColored: boolean): Paint {
  if (!isColored) return (_, text) => text;
  return (color, text) => color === "plain" ? text : `\x1b[${CODES[color]}m${text}\x1b[0m`;
}
