/**
 * `fdpass serve`: hand files to everybody who may have them.
 *
 * @module
 */

import { type Socket, unix } from "@denet/unix";
import { bound, integer, mode, oneLine, parse, UsageError, warn } from "../cli.ts";
import { count, describeProcess, processText } from "../inspect.ts";
import { type NamedFile, openAll, readSpec } from "./files.ts";
import { give } from "./handover.ts";
import { usualSocket } from "./usual.ts";

const OPTIONS = {
  socket: { type: "string", short: "s" },
  mode: { type: "string", default: "600" },
  replace: { type: "boolean", default: false },
  uid: { type: "string", multiple: true },
  once: { type: "boolean", short: "1", default: false },
  quiet: { type: "boolean", short: "q", default: false },
} as const;

const ROOT = 0;

/** This process's user, as the kernel tells it to peers. */
function ownUser(): number {
  const [a, b] = unix.socketpair();
  using _a = a;
  using _b = b;
  return a.peerCredentials().uid;
}

/** Run the command. */
export async function serve(args: string[], stop: AbortSignal): Promise<number> {
  const { values, positionals } = parse({ args, options: OPTIONS, allowPositionals: true });
  const { once, quiet, replace } = values;
  const socket = values.socket ?? usualSocket();
  if (socket === undefined) throw new UsageError("Give --socket, where to serve");
  if (positionals.length === 0) throw new UsageError("Give at least one FILE to serve");
  if (positionals.length > 253) {
    throw new UsageError("Give at most 253 FILEs: no message takes more");
  }
  const specs = positionals.map(readSpec);
  const permissions = mode(values.mode);
  const users = values.uid?.map((it) => integer("--uid", it)) ?? [ownUser(), ROOT];

  using stack = new DisposableStack();
  const options = socket.startsWith("@") ? {} : { mode: permissions, replaceStale: replace };
  const listener = stack.use(bound(socket, replace, () => unix.listen(socket, options)));
  const files = openAll(specs, stack);
  stop.addEventListener("abort", () => listener.close());
  for await (const taker of listener) {
    using _ = taker;
    const success = await serveOne(taker, files, users, quiet);
    if (success && once) return 0;
  }
  throw stop.reason;
}

async function serveOne(
  taker: Socket,
  files: readonly NamedFile[],
  users: readonly number[],
  quiet: boolean,
): Promise<boolean> {
  const who = describeProcess(taker.peerCredentials());
  if (!users.includes(who.uid)) {
    warn("fdpass", `refused ${processText(who)}`);
    return false;
  }
  try {
    await give(taker, files);
  } catch (error) {
    warn("fdpass", oneLine(error));
    return false;
  }
  if (!quiet) console.log(`handed ${count(files.length, "file")} to ${processText(who)}`);
  return true;
}
