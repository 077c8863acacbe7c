/**
 * The two ends of handing files over: one message on a stream connection, which carries the descriptors
 * and a line with their names, separated by colons.
 *
 * @module
 */

import { type Socket, unix } from "../../mod.ts";
import type { NamedFile } from "./files.ts";

/** As many descriptors as a message can carry. */
export const MAX_FILES = 253;

/** The longest line: so many names with their colons. */
const MAX_LINE = MAX_FILES * 65;

/** Give files to the process at the other end. */
export async function give(
  taker: Socket,
  files: readonly NamedFile[],
  signal: AbortSignal,
): Promise<void> {
  const line = `${files.map(({ name }) => name).join(":")}\n`;
  const data = new TextEncoder().encode(line);
  await taker.send({ data, files: files.map(({ file }) => file) }, { signal });
}

/**
 * Take the files that are served at an address.
 *
 * @throws {Error} If no server is there, or it refuses.
 */
export async function take(
  address: string,
  stack: DisposableStack,
  signal: AbortSignal,
): Promise<NamedFile[]> {
  using server = await unix.connect(address, { signal });
  const message = await server.receive({ files: MAX_FILES, size: MAX_LINE, signal });
  if (message === null) {
    throw new Error(`Cannot take files from "${address}": the server gives none to this user`);
  }
  stack.use(message);
  const line = new TextDecoder().decode(message.data);
  const names = line.trimEnd().split(":");
  if (!line.endsWith("\n") || names.length !== message.files.length) {
    throw new Error(`Cannot take files from "${address}": it does not speak as fdpass does`);
  }
  return message.files.map((file, i) => ({ name: names[i] ?? "unknown", file }));
}
