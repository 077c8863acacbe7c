/**
 * Runs a command through an `ssh` that is connected already, with descriptors of this process as its
 * standard input, output and error. Run it with `deno task example:ssh`.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";
import { connectTo, runProgram, startProgram } from "../programs.ts";
import { lacking, main, temporaryFolder } from "../util.ts";
import { MuxClient } from "./mux.ts";

const SSHD = "/usr/sbin/sshd";

async function makeKey(path: string): Promise<void> {
  const args = ["-q", "-t", "ed25519", "-N", "", "-f", path];
  await runProgram("ssh-keygen", { args, debianPackage: "openssh-client" });
}

/** The server of this example: it takes one key, and its one client over a pipe. */
function serverSettings(folder: string): string {
  return [
    `HostKey ${folder}/host`,
    `AuthorizedKeysFile ${folder}/user.pub`,
    "StrictModes no",
    "PermitRootLogin prohibit-password",
    "PidFile none",
  ].join("\n");
}

/** As root, `sshd` needs an empty folder of this name. */
function privilegeSeparation(): Disposable {
  const path = "/run/sshd";
  try {
    if (Deno.uid() === 0) Deno.mkdirSync(path, { mode: 0o755 });
    else return { [Symbol.dispose]: () => {} };
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    return { [Symbol.dispose]: () => {} };
  }
  return { [Symbol.dispose]: () => Deno.removeSync(path) };
}

await main(async () => {
  await using folder = temporaryFolder();
  const at = (name: string): string => `${folder.path}/${name}`;
  await Promise.all([makeKey(at("host")), makeKey(at("user"))]);
  await Deno.writeTextFile(at("sshd_config"), serverSettings(folder.path));
  await Deno.writeTextFile(at("letter"), "one\ntwo\nthree\n");
  try {
    Deno.statSync(SSHD);
  } catch {
    lacking("sshd is not installed (Debian: openssh-server)");
  }
  using _ = privilegeSeparation();

  // The existing connection: a master process, which only keeps it open.
  const settings = [
    "StrictHostKeyChecking=no",
    "UserKnownHostsFile=/dev/null",
    "BatchMode=yes",
    `ProxyCommand=${SSHD} -i -f ${at("sshd_config")}`,
  ].flatMap((it) => ["-o", it]);
  const master = ["-F", "none", "-M", "-N", "-S", at("control"), "-i", at("user")];
  await using ssh = startProgram("ssh", {
    args: [...master, ...settings, "localhost"],
    debianPackage: "openssh-client",
  });
  using socket = await connectTo(ssh, at("control"));
  const client = await MuxClient.open(socket);
  console.log("ssh shares its connection");

  using input = OwnedFd.open(at("letter"));
  using output = OwnedFd.memfd("output");
  const code = await client.run("wc -l; exit 7", [input, output, 2]);
  await output.seek(0, Deno.SeekMode.Start);
  const text = await new Response(output.readable).text();
  console.log(`wc counted ${text.trim()} lines of a file that only this process has opened`);
  console.log(`the command ended with ${code}`);
});
