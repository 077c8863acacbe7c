/**
 * `fdpass serve`: hand files to every process that may have them.
 *
 * @module
 */

import { type Socket, unix } from "../../mod.ts";
import { accepted } from "../accept.ts";
import { aborted } from "../aborted.ts";
import { bound } from "../cli/bound.ts";
import { integer, mode, parse } from "../cli/options.ts";
import { print, UsageError, warn } from "../cli/run.ts";
import { count, oneLine } from "../cli/text.ts";
import { describeProcess, processText } from "../inspect/process.ts";
import { ownIdentity } from "../native/identity.ts";
import { type NamedFile, openAll } from "./files.ts";
import { give, MAX_FILES } from "./handover.ts";
import { socketPlan, TABLES } from "./options.ts";
import { readSpec } from "./spec.ts";
import { usualSocket } from "./usual.ts";

const ROOT = 0;

/** How long a process may take to let itself be given files, in milliseconds. */
const GIVE_TIME = 2000;

/** Run the command. */
export async function serve(args: readonly string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parse(args, TABLES.serve);
  const { once, quiet, replace } = values;
  const socket = values.socket ?? usualSocket();
  if (socket === "") {
    throw new UsageError("Cannot serve at the empty address: give a path or @NAME");
  }
  if (socket === undefined) throw new UsageError("Give --socket, where to serve");
  if (positionals.length === 0) throw new UsageError("Give at least one FILE to serve");
  if (positionals.length > MAX_FILES) {
    throw new UsageError(`Give at most ${MAX_FILES} FILEs: no message takes more`);
  }
  const specs = positionals.map(readSpec);
  const permissions = mode(values.mode ?? "600");
  const plan = socketPlan(values, values["file-mode"], true);
  const users = values.uid.length > 0
    ? values.uid.map((it) => integer("--uid", it))
    : [ownIdentity().uid, ROOT];

  using stack = new DisposableStack();
  const { backlog } = plan;
  const options = socket.startsWith("@")
    ? { backlog }
    : { backlog, mode: permissions, replaceStale: replace };
  const listener = stack.use(bound(socket, replace, () => unix.listen(socket, options)));
  const files = await openAll(specs, plan, stack, stop);
  const report = new Report(quiet);
  const given = Promise.withResolvers<number>();
  const serving = (async () => {
    for (let taker; (taker = await accepted(listener)) !== undefined;) {
      serveOne(taker, files, users, report).then((success) => {
        if (success && once) given.resolve(report.hasFailed ? 1 : 0);
      });
    }
  })();
  serving.catch(given.reject);
  return await Promise.race([given.promise, aborted(stop)]);
}

/** Prints which process got the files, as long as the output has space; the files are passed in any case. */
class Report {
  /** Whether something could not be told. */
  hasFailed = false;
  readonly #isQuiet: boolean;

  constructor(isQuiet: boolean) {
    this.#isQuiet = isQuiet;
  }

  tell(text: string): void {
    if (this.#isQuiet) return;
    try {
      print(text);
    } catch (error) {
      if (!this.hasFailed) warn("fdpass", oneLine(error));
      this.hasFailed = true;
    }
  }
}

async function serveOne(
  taker: Socket,
  files: readonly NamedFile[],
  users: readonly number[],
  report: Report,
): Promise<boolean> {
  using _ = taker;
  try {
    const credentials = taker.peerCredentials();
    const process = describeProcess(credentials);
    if (!users.includes(credentials.uid)) {
      warn("fdpass", `refused ${processText(process)}`);
      return false;
    }
    await give(taker, files, AbortSignal.timeout(GIVE_TIME));
    report.tell(`handed ${count(files.length, "file")} to ${processText(process)}`);
    return true;
  } catch (error) {
    warn("fdpass", oneLine(error));
    return false;
  }
}
