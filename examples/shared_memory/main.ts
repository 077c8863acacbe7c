/**
 * Passes memory to another process, which reads it in place: nothing is copied. The reader refuses
 * memory that could still change or shrink. Run it with `deno task example:shared-memory [MIB]`.
 *
 * @module
 */

import { OwnedFd, type Socket, unix } from "@denet/unix";
import { lacking, main, numberArgument, show, start, stopped } from "../util.ts";
import { digest } from "./digest.ts";

const MIB = 2 ** 20;
const say = (text: string): void => console.log(`writer (process ${Deno.pid}): ${text}`);

async function ask(reader: Socket, file: OwnedFd): Promise<string> {
  await reader.send({ data: new Uint8Array(1), files: [file] });
  using reply = await reader.receive();
  if (reply === null) throw new Error("The reader has ended");
  return new TextDecoder().decode(reply.data);
}

/** Open a file anew, asking for all rights there are, and use them. */
function refusal(file: OwnedFd, truncate: boolean): string {
  try {
    using again = OwnedFd.open(`/proc/self/fd/${file.fd}`, { read: true, write: true, truncate });
    again.writeSync(new Uint8Array(1));
    throw new Error("Could change the sealed file");
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return error.name;
    throw error;
  }
}

await main(async () => {
  if (Deno.build.os !== "linux") lacking("Memory files exist on Linux only");
  const mebibytes = numberArgument(Deno.args[0], 64, 1024);
  using listener = unix.listen("", { type: "seqpacket" }); // a name of the kernel's choosing, no file
  const script = new URL("reader.ts", import.meta.url);
  const child = start(script, ["--allow-ffi"], [listener.addr.path.replace("\0", "@")]);
  const printed = show(child);
  using reader = await unix.accept(listener, { signal: stopped });

  const words = new Uint32Array(mebibytes * MIB / 4).map((_, i) => i * 2654435761);
  using sealed = OwnedFd.memfd("numbers", new Uint8Array(words.buffer), { seal: true });
  const answer = await ask(reader, sealed);
  say(
    `passed ${mebibytes} MiB; the reader's sum ${
      answer === digest(words) ? "is right" : "IS WRONG"
    }`,
  );
  for (const [act, truncate] of [["write to it", false], ["cut it short", true]] as const) {
    say(`may not ${act} any more: ${refusal(sealed, truncate)}`);
  }

  using loose = OwnedFd.memfd("loose", new Uint8Array(MIB));
  say(`passed a file that is not sealed; the reader answered ${await ask(reader, loose)}`);
  OwnedFd.open(`/proc/self/fd/${loose.fd}`, { write: true, truncate: true }).close();
  say(
    `cut that to nothing; the reader answered ${
      await ask(reader, sealed) === answer ? "as before" : "wrong"
    }`,
  );
  reader.close();
  await printed;
}, 1);
