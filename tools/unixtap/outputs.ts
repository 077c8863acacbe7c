/**
 * The outputs that the user asked for.
 *
 * @module
 */

import { OwnedFd } from "../../mod.ts";
import { aborted } from "../aborted.ts";
import { openFile } from "../native/files.ts";
import { readWaylandProtocols } from "./decoders/wayland_protocol.ts";
import { now } from "./events.ts";
import { Decoding } from "./format/decoding.ts";
import { JsonFormatter } from "./format/json.ts";
import { TextFormatter } from "./format/text.ts";
import type { Options } from "./options.ts";
import { type Formatter, openOutput, Output } from "./output.ts";
import { PcapFormatter } from "./pcapng/formatter.ts";

/** Columns, where the terminal does not tell. */
const COLUMNS = 80;

const STDERR = "standard error";

/**
 * Open the outputs.
 *
 * @param usual Where text goes that is sent nowhere else: standard output, or standard error beside a command.
 * @throws {Error} If a file cannot be opened or read.
 */
export async function openOutputs(
  options: Options,
  usual: "-" | typeof STDERR,
  warn: (text: string) => void,
  stop: AbortSignal,
): Promise<Output[]> {
  const { output, write, json, drop, as } = options;
  const wayland = readWaylandProtocols(await readFiles(options.protocols, stop));
  const decoding = (): Decoding => new Decoding({ as, wayland });
  const outputs: Output[] = [];
  const add = (path: string, formatter: Formatter): void => {
    const file = path === STDERR ? OwnedFd.adopt(2).dup() : openOutput(path);
    const name = path === "-" ? "standard output" : path === STDERR ? path : `the output "${path}"`;
    outputs.push(new Output(file, formatter, { name, drop, warn }));
  };
  if (write !== undefined) add(write, new PcapFormatter(decoding()));
  const text = output ?? (write === "-" && usual === "-" ? undefined : usual);
  if (text !== undefined) {
    const formatter = json
      ? new JsonFormatter(options, decoding())
      : textFormatter(options, text, decoding());
    add(text, formatter);
  }
  return outputs;
}

function textFormatter(options: Options, path: string, decoding: Decoding): TextFormatter {
  const terminal = path === "-" ? Deno.stdout : path === STDERR ? Deno.stderr : undefined;
  const isTerminal = terminal?.isTerminal() ?? false;
  return new TextFormatter({
    ...options,
    isColored: isColored(options, isTerminal),
    width: options.width ?? (isTerminal ? columns() : 0),
    start: now(),
  }, decoding);
}

function isColored({ color }: Options, isTerminal: boolean): boolean {
  if (color !== "auto") return color === "always";
  return isTerminal && !Deno.env.get("NO_COLOR") && Deno.env.get("TERM") !== "dumb";
}

function columns(): number {
  try {
    return Deno.consoleSize().columns || COLUMNS;
  } catch {
    return COLUMNS;
  }
}

function readFiles(
  paths: readonly string[],
  stop: AbortSignal,
): Promise<{ path: string; text: string }[]> {
  return Promise.all(paths.map(async (path) => {
    using file = await openFile(path, {}, stop);
    const reading = new Response(file.readable).text();
    return { path, text: await Promise.race([reading, aborted(stop)]) };
  }));
}
