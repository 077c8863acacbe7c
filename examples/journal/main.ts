/**
 * Logs to a real systemd-journald by its native protocol: a small entry as a datagram, one of 10 MiB as a
 * sealed memory file, whose descriptor is all that is sent. Run it with `deno task example:journal`.
 *
 * @module
 */

import { type Program, runProgram, startProgram } from "../programs.ts";
import { lacking, main, stopped, temporaryFolder } from "../util.ts";
import { type Entry, Journal } from "./journal.ts";

const JOURNALD = "/lib/systemd/systemd-journald";

/** It takes no kernel messages and no audit records: those are for the journald of the machine. */
const SETTINGS = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=no\n";

/** Start a journald that takes the folder for `/run`: what the machine has there stays as it is. */
function startJournald(run: string): Program {
  Deno.mkdirSync(`${run}/systemd/journald.conf.d`, { recursive: true });
  Deno.writeTextFileSync(`${run}/systemd/journald.conf.d/example.conf`, SETTINGS);
  return startProgram("unshare", {
    args: ["--mount", "sh", "-c", `mount --bind "$0" /run && exec ${JOURNALD}`, run],
    debianPackage: "util-linux",
  });
}

/** Wait until it listens. */
async function listening(journald: Program, socket: string): Promise<void> {
  while (!exists(socket)) {
    stopped.throwIfAborted();
    await journald.requireRunning();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Find an entry by a field, as soon as journald has it. */
async function find(run: string, field: string): Promise<Entry> {
  const args = ["--directory", `${run}/log/journal`, "--output", "json", "--all", field];
  for (let attempt = 0; attempt < 100; attempt++) {
    // journalctl fails while there is no journal.
    const text = await runProgram("journalctl", { args, debianPackage: "systemd" }).catch(() => "");
    stopped.throwIfAborted();
    const [line] = text.split("\n");
    if (line) return JSON.parse(line);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`journald has no entry with ${field}`);
}

await main(async () => {
  if (!exists(JOURNALD)) lacking("systemd-journald is not installed (Debian: systemd)");
  if (Deno.uid() !== 0) lacking("A journald of its own needs root, for a mount namespace");
  await using folder = temporaryFolder();
  await using journald = startJournald(folder.path);
  const socket = `${folder.path}/systemd/journal/socket`;
  await listening(journald, socket);
  using journal = new Journal(socket);
  const long = "0123456789abcdef\n".repeat(1 << 20).slice(0, 10 << 20);
  for (const [test, MESSAGE] of [["short", "one\ntwo"], ["long", long]] as const) {
    const how = await journal.log({ MESSAGE, PRIORITY: "5", DENET_TEST: test });
    const entry = await find(folder.path, `DENET_TEST=${test}`);
    const right = entry.MESSAGE === MESSAGE && entry._PID === `${Deno.pid}`;
    const state = right ? "journald has them, from this process" : "journald has others";
    console.log(`${MESSAGE.length} bytes as a ${how}: ${state}`);
  }
});
