/**
 * Running Deno itself on the project, as the gate and the repeated runs do.
 *
 * @module
 */

import { ROOT } from "./project.ts";
import { spawn } from "./stop.ts";

/** Run Deno in the project's root; a run that hangs is ended, with the output it had by then. */
export async function runDeno(
  args: string[],
  limitMinutes: number,
): Promise<{ success: boolean; output: string }> {
  const child = spawn(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const timer = setTimeout(() => child.kill("SIGTERM"), limitMinutes * 60_000);
  const chunks: string[] = [];
  await Promise.all([collect(child.stdout, chunks), collect(child.stderr, chunks)]);
  const { success } = await child.status;
  clearTimeout(timer);
  return { success, output: chunks.join("") };
}

/** Collect the texts of a stream, in order. */
export async function collect(stream: ReadableStream<Uint8Array>, chunks: string[]): Promise<void> {
  for await (const text of stream.pipeThrough(new TextDecoderStream())) chunks.push(text);
}
