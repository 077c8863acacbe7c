/**
 * Takes over the listener of a running haproxy, as its own successor would (`haproxy -x`), and goes on
 * serving in Deno while clients send requests all the time. Run it with `deno task example:haproxy`.
 *
 * @module
 */

import { createServer } from "node:http";
import type { OwnedFd, Socket } from "@denet/unix";
import { Load } from "../http.ts";
import { connectTo, startProgram } from "../programs.ts";
import { main, stopped, temporaryFolder } from "../util.ts";

/** A proxy that answers by itself, and passes its listeners to every process that may open its socket `stats`. */
function settings(folder: string): string {
  return `
global
    stats socket ${folder}/stats mode 600 level admin expose-fd listeners
defaults
    mode http
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend web
    bind unix@${folder}/web
    http-request return status 200 content-type text/plain string "haproxy"
`;
}

/** Ask for the listeners: haproxy sends their number first, then the listeners, and each message is acknowledged. */
async function takeListeners(stats: Socket): Promise<OwnedFd[]> {
  await stats.write(new TextEncoder().encode("_getsocks\n"));
  using first = await stats.receive({ size: 4, waitAll: true, signal: stopped });
  if (first?.data.length !== 4) throw new Error("haproxy sends no listeners");
  const wanted = new DataView(first.data.buffer, first.data.byteOffset).getUint32(0, true);
  const taken: OwnedFd[] = [];
  while (taken.length < wanted) {
    using message = await stats.receive({ files: 252, signal: stopped });
    if (message === null) throw new Error("haproxy closed the connection");
    taken.push(...message.files.splice(0));
    await stats.write(new Uint8Array(4)).catch(() => {}); // after the last, it may be gone
  }
  return taken;
}

await main(async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/web`;
  Deno.writeTextFileSync(`${folder.path}/haproxy.cfg`, settings(folder.path));
  await using haproxy = startProgram("haproxy", {
    args: ["-db", "-f", `${folder.path}/haproxy.cfg`],
    debianPackage: "haproxy",
  });
  using stats = await connectTo(haproxy, `${folder.path}/stats`);

  const load = new Load({ socketPath: path }, 4);
  await load.more(200, "haproxy");

  // haproxy binds a name of its own and renames it: the kernel knows the first name only.
  const listeners = (await takeListeners(stats)).map((file) => file.asListener());
  const listener = listeners.find(({ addr }) => addr.path.startsWith(path));
  if (listener === undefined) throw new Error("haproxy had no such listener");
  console.log("took the listener of a haproxy that works");
  const server = createServer((_, response) => response.end("deno"));
  server.listen({ fd: listener.detach() });
  haproxy.child.kill("SIGUSR1"); // it stops listening, and ends after its last answer
  await haproxy.child.status;

  await load.more(200, "deno");
  const { wrong, failed } = await load.end(/^(haproxy|deno)$/);
  server.close();
  console.log("haproxy has ended; its listener answers on, from this process");
  console.log(`requests failed or refused: ${failed}`);
  if (failed > 0) throw new Error(wrong.join("; "));
});
