/**
 * Lets systemd's own tool listen on a TCP port and a Unix socket, and start the service when a client
 * comes. Run it with `deno task example:activated`.
 *
 * @module
 */

import { request, type Target } from "../http.ts";
import { runProgram } from "../programs.ts";
import { main, spawn, stopped, temporaryFolder } from "../util.ts";

const TOOL = "systemd-socket-activate";

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Start the tool. It passes on only those variables of this process that it is told to pass. */
function activate(path: string, port: number): Deno.ChildProcess {
  const passed = ["PATH", "HOME", "DENO_DIR"].flatMap((it) => ["-E", it]);
  const sockets = ["-l", path, "-l", `127.0.0.1:${port}`, "--fdname=local:web"];
  const permissions = ["--allow-ffi", "--allow-env", "--allow-net"];
  const script = new URL("service.ts", import.meta.url).href;
  return spawn(TOOL, {
    args: [
      ...passed,
      ...sockets,
      Deno.execPath(),
      "run",
      "--quiet",
      "--no-prompt",
      ...permissions,
      script,
    ],
    stderr: "null",
  });
}

/** Ask until the tool listens. */
async function ask(target: Target, path: string): Promise<string> {
  for (let attempt = 0;; attempt++) {
    stopped.throwIfAborted();
    try {
      return await request(target, path);
    } catch (error) {
      if (attempt > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

await main(async () => {
  await runProgram(TOOL, { args: ["--version"], debianPackage: "systemd" });
  await using folder = temporaryFolder();
  const [socketPath, port] = [`${folder.path}/http.sock`, freePort()];
  const service = activate(socketPath, port);
  console.log(`${TOOL} (process ${service.pid}) listens on 127.0.0.1:${port} and "${socketPath}"`);
  for (const to of [{ socketPath }, { port }]) {
    console.log((await ask(to, "/hello")).trimEnd());
  }
  service.kill();
  await service.status;
});
