/** What credentials say about a process that the receiver's PID namespace does not have. */

import { assertEquals } from "@std/assert";
import { listen } from "../../lib/unix/listen.ts";
import { noLeaks } from "../util/descriptors.ts";
import { testUnless } from "../util/peers.ts";
import { startProcess } from "../util/process.ts";
import { tempDir } from "../util/tempdir.ts";

const MODULE = new URL("../../mod.ts", import.meta.url).href;
const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** Connects, and prints what it learns of the other side, by each way. */
const RECEIVER = `
  import { unix } from ${JSON.stringify(MODULE)};
  for (const type of ["stream", "seqpacket"]) {
    using socket = await unix.connect(Deno.env.get("DIR") + "/" + type, { type });
    socket.passCredentials = true;
    await socket.write(new Uint8Array(1));
    using message = await socket.receive({ size: 1 });
    using later = socket.receiveSync({ size: 1 });
    const peer = socket.peerCredentials();
    console.log(JSON.stringify([message.credentials, later.credentials, peer]));
  }
`;

const ISOLATED = ["--pid", "--fork", "--kill-child"];

function cannot(): string | undefined {
  if (Deno.build.os !== "linux") return "Linux only";
  const args = [...ISOLATED, "true"];
  const { success } = new Deno.Command("unshare", { args, stderr: "null" }).outputSync();
  return success ? undefined : "no PID namespace can be made";
}

testUnless(
  cannot(),
  "a sender outside of the PID namespace has process ID 0, and its own user and group",
  noLeaks(async () => {
    using dir = tempDir();
    using stream = listen(dir.join("stream"));
    using seqpacket = listen(dir.join("seqpacket"), { type: "seqpacket" });
    await using receiver = startProcess("unshare", {
      args: [...ISOLATED, Deno.execPath(), "eval", "--config", CONFIG, RECEIVER],
      env: { DIR: dir.path },
    });
    const outside = { pid: 0, uid: Deno.uid(), gid: Deno.gid() };
    for (const listener of [stream, seqpacket]) {
      using socket = await listener.accept();
      await socket.read(new Uint8Array(1));
      await socket.write(new Uint8Array(1));
      await socket.write(new Uint8Array(1));
      assertEquals(JSON.parse(await receiver.readLine()), [outside, outside, outside]);
    }
  }),
);
