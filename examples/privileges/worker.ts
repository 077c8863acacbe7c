/**
 * Gives up its rights, then asks for files: `worker.ts ADDRESS FOLDER NAME…`.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";

const [address = "", folder = "", ...names] = Deno.args;
const NOBODY = 65534;

/**
 * Become the user nobody permanently: the saved IDs change, too. libc does this for all threads, a system call would not.
 */
function giveUpRights(): void {
  const libc = Deno.dlopen("libc.so.6", {
    setgroups: { parameters: ["usize", "pointer"], result: "i32" },
    setresgid: { parameters: ["u32", "u32", "u32"], result: "i32" },
    setresuid: { parameters: ["u32", "u32", "u32"], result: "i32" },
  });
  const { setgroups, setresgid, setresuid } = libc.symbols;
  const results = [
    setgroups(0n, null),
    setresgid(NOBODY, NOBODY, NOBODY),
    setresuid(NOBODY, NOBODY, NOBODY),
  ];
  libc.close();
  if (results.some((it) => it !== 0)) throw new Error("Cannot give up the rights of root");
}

if (Deno.uid() === 0) giveUpRights();
const me = `worker (process ${Deno.pid}, user ${Deno.uid()})`;
const say = (text: string): void => console.log(`${me}: ${text}`);

/** Try to open the file in this process: the kernel decides, because FFI bypasses Deno's permissions. */
function openDirectly(path: string): string {
  try {
    OwnedFd.open(path).close();
    return "possible";
  } catch (error) {
    return (error as Error).name;
  }
}

say(`opening notes.txt directly: ${openDirectly(`${folder}/notes.txt`)}`);
using opener = await unix.connect(address, { type: "seqpacket" });
for (const name of names) {
  await opener.send({ data: new TextEncoder().encode(name) });
  using answer = await opener.receive({ files: 1 });
  if (answer === null) throw new Error("The opener has gone");
  const [file] = answer.files;
  const text = file ? await new Response(file.readable).text() : "";
  say(`asked for "${name}": ${new TextDecoder().decode(answer.data)} ${text.trimEnd()}`.trimEnd());
}
