/**
 * Programs of their own that end by themselves, or must not.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { SLOWER } from "./deadline.ts";
import { tempDir } from "./tempdir.ts";

const MODULE = new URL("../../mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** How long a program may run before it counts as one that does not end, in milliseconds. */
const LIMIT_MS = 20_000;

/** How a program ended: its output, or `undefined` if it still ran after a while and was killed. */
export async function lifetime(
  program: string,
  { detached = false, env = {} }: {
    /** As the leader of a session of its own. */
    detached?: boolean;
    /** Variables added to the environment. */
    env?: Record<string, string>;
  } = {},
): Promise<string | undefined> {
  using folder = tempDir();
  const path = folder.join("program.ts");
  // A file: lines that `deno eval` runs are in no coverage.
  Deno.writeTextFileSync(
    path,
    `import { Listener, Msghdr, OwnedFd, recvmsg, recvmsgSync, sendmsg, sendmsgSync, Socket, unix } from ${
      JSON.stringify(MODULE)
    };
     void [Listener, Msghdr, OwnedFd, recvmsg, recvmsgSync, sendmsg, sendmsgSync, Socket, unix];
     const dir = Deno.makeTempDirSync({ dir: "/tmp", prefix: "denet-" });
     addEventListener("unload", () => Deno.removeSync(dir, { recursive: true }));
     ${program}`,
  );
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--allow-all", "--config", CONFIG, path],
    detached,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let killed = false;
  const timer = setTimeout(() => {
    killed = true;
    child.kill("SIGKILL");
  }, LIMIT_MS * SLOWER);
  const { stdout, stderr, success } = await child.output();
  clearTimeout(timer);
  if (killed) return undefined;
  assertEquals({ success, stderr: new TextDecoder().decode(stderr) }, {
    success: true,
    stderr: "",
  });
  return new TextDecoder().decode(stdout);
}
