/**
 * A process with rights opens files for one without: the kernel reports the identity of that process, and a policy
 * says what it may have. Run it with `deno task example:privileges`, best as root.
 *
 * @module
 */

import { open } from "node:fs/promises";
import { type Socket, unix } from "@denet/unix";
import { lacking, main, show, start, stopped, temporaryFolder } from "../util.ts";

const isRoot = Deno.uid() === 0;
const me = `opener (process ${Deno.pid}, user ${Deno.uid()})`;
const say = (text: string): void => console.log(`${me}: ${text}`);

/** Which user the opener serves, and from which folder. */
interface Policy {
  readonly uid: number;
  readonly pid: number;
  readonly folder: string;
}

/** Open a file the policy allows. What was opened is checked, not the name: that may change meanwhile. */
async function openFor(
  name: string,
  { folder }: Policy,
): Promise<Awaited<ReturnType<typeof open>>> {
  const path = `${folder}/${name}`;
  const file = await open(path);
  try {
    const [opened, real] = [await file.stat(), await Deno.realPath(path)];
    const { ino, dev } = await Deno.lstat(real);
    if (!real.startsWith(`${folder}/`) || opened.ino !== ino || opened.dev !== dev) {
      throw new Error("it is outside of the folder");
    }
    if (!opened.isFile()) throw new Error("it is no file");
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Answer every request of one client. The kernel reports its user, which a client cannot forge. */
async function serve(client: Socket, policy: Policy): Promise<void> {
  const { pid, uid } = client.peerCredentials();
  const allowed = pid === policy.pid && uid === policy.uid;
  say(`process ${pid} of user ${uid} connects`);
  for await (const message of client.messages()) {
    const name = new TextDecoder().decode(message.data);
    const reply = (text: string, files: { fd: number }[] = []): Promise<number> =>
      client.send({ data: new TextEncoder().encode(text), files });
    try {
      if (!allowed) throw new Error(`the policy does not know process ${pid}`);
      await using file = await openFor(name, policy);
      await reply("here it is", [file]);
      say(`passed "${name}"`);
    } catch (error) {
      const { code, message } = error as Error & { code?: string };
      const reason = code === "ENOENT" ? "it is not there" : message;
      await reply(`refused: ${reason}`);
      say(`refused "${name}": ${reason}`);
    }
  }
}

await main(async () => {
  if (Deno.build.os !== "linux") lacking("The ids of users are changed in Linux's way here");
  await using temporary = temporaryFolder();
  const folder = `${temporary.path}/public`;
  Deno.mkdirSync(folder);
  Deno.writeTextFileSync(`${folder}/notes.txt`, "What everybody may know.\n", { mode: 0o600 });
  Deno.writeTextFileSync(`${temporary.path}/secret.txt`, "What nobody may know.\n", {
    mode: 0o600,
  });
  Deno.symlinkSync("../secret.txt", `${folder}/trap.txt`);

  using listener = unix.listen("", { type: "seqpacket" });
  const address = listener.addr.path.replace("\0", "@");
  const script = new URL("worker.ts", import.meta.url);
  const wanted = ["notes.txt", "../secret.txt", "trap.txt", ".", "missing.txt"];
  const worker = start(script, ["--allow-ffi", "--allow-sys=uid"], [address, folder, ...wanted]);
  const stranger = start(script, ["--allow-ffi", "--allow-sys=uid"], [
    address,
    folder,
    "notes.txt",
  ]);
  const printed = Promise.all([worker, stranger].map(show));

  const policy = { uid: isRoot ? 65534 : Deno.uid() ?? -1, pid: worker.pid, folder };
  for (let clients = 0; clients < 2; clients++) {
    using client = await unix.accept(listener, { signal: stopped });
    await serve(client, policy);
  }
  await printed;
  stopped.throwIfAborted();
});
