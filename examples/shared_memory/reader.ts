/**
 * Reads what it is passed in place: `reader.ts ADDRESS`.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";
import { digest } from "./digest.ts";

const say = (text: string): void => console.log(`reader (process ${Deno.pid}): ${text}`);

/** Memory that belongs to this process alone, and memory that it shares, in MiB. */
function memory(): { own: number; shared: number } {
  using file = OwnedFd.open("/proc/self/status");
  const bytes = new Uint8Array(8192);
  const text = new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  const kibibytes = (name: string): number => Number(text.match(`${name}:\\s*(\\d+)`)?.[1]);
  return { own: kibibytes("RssAnon") / 1024, shared: kibibytes("RssShmem") / 1024 };
}

/** Check the seals, then read all of it where it is. */
function sum(file: OwnedFd): string {
  const before = memory();
  using mapping = file.map();
  const { buffer, byteLength } = mapping.bytes;
  const result = digest(new Uint32Array(buffer));
  const after = memory();
  const grown = [after.shared - before.shared, after.own - before.own].map((it) => it.toFixed(0));
  say(
    `read ${byteLength} bytes, sealed against ${[...file.seals()].join(", ")}; ` +
      `shared memory grew by ${grown[0]} MiB, own by ${grown[1]} MiB`,
  );
  return result;
}

using writer = await unix.connect(Deno.args[0] ?? "", { type: "seqpacket" });
digest(new Uint32Array(1e6)); // allocates what the engine needs for it before memory is measured
for await (const message of writer.messages({ files: 1 })) {
  using received = message;
  const [file] = received.files;
  let answer = "nothing to read";
  try {
    if (file) answer = sum(file);
  } catch (error) {
    answer = (error as Error).name;
  }
  await writer.send({ data: new TextEncoder().encode(answer) });
}
say("ends");
