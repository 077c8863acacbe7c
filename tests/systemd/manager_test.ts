import { assertEquals } from "@std/assert";
import { unix } from "../../mod.ts";
import { peer, peersRequired, testUnless, testWith } from "../util/peers.ts";
import { type LineProcess, startProcess } from "../util/process.ts";
import { ROOT } from "../util/project.ts";
import { type TempDir, tempDir } from "../util/tempdir.ts";

const MANAGER = new URL("manager.sh", import.meta.url).pathname;
/** Namespaces that end with everything in them when the test does. */
const OWN_WORLD = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
const SERVICE = new URL("managed.ts", import.meta.url).pathname;

function writeUnits(dir: TempDir): void {
  const command = [
    ...[Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-check"],
    ...["--config", new URL("deno.json", ROOT).pathname, "--allow-ffi", "--allow-env", SERVICE],
  ];
  Deno.writeTextFileSync(
    dir.join("kit.socket"),
    `[Socket]
ListenStream=${dir.join("web.sock")}
FileDescriptorName=web
`,
  );
  Deno.writeTextFileSync(
    dir.join("kit.service"),
    `[Service]
Type=notify
NotifyAccess=main
FileDescriptorStoreMax=4
WatchdogSec=300
WatchdogSignal=SIGKILL
Restart=on-failure
RestartSec=0
StartLimitBurst=100
ExecStart=${command.join(" ")}
StandardError=file:${dir.join("service.log")}
`,
  );
}

/** Let the manager's shell run a command; what it printed. */
async function run(manager: LineProcess, command?: string): Promise<string> {
  if (command !== undefined) await manager.writeLine(command);
  const lines: string[] = [];
  for (;;) {
    const line = await manager.readLine();
    if (line.startsWith("status ")) return lines.join("\n");
    lines.push(line);
  }
}

interface Reply {
  starts: number;
  names: string[];
  watchdog: number | null;
}

async function ask(dir: TempDir, request: string): Promise<Reply | null> {
  using socket = await unix.connect(dir.join("web.sock"));
  await socket.send({ data: new TextEncoder().encode(request) });
  const text = await new Response(socket.readable).text().catch(() => "");
  return text === "" ? null : JSON.parse(text);
}

/** A manager needs cgroups of its own, which only an administrator, or a running manager, can give it. */
function obstacle(): string | undefined {
  if (Deno.build.os !== "linux") return "systemd is not used here";
  if (!peer("systemd-notify")) return peersRequired() ? undefined : "systemd is not installed";
  if (Deno.uid() !== 0) return "only root can start a service manager of its own";
  using dir = tempDir();
  const { success, stderr } = new Deno.Command("timeout", {
    args: ["20", "unshare", ...OWN_WORLD, "sh", MANAGER, dir.path],
    stdin: "null",
  }).outputSync();
  if (success) return undefined;
  const [why = ""] = new TextDecoder().decode(stderr).trim().split("\n").slice(-1);
  return `no service manager of one's own can run here: ${why}`;
}

const reason = obstacle();
const test = reason === undefined
  ? (name: string, fn: () => Promise<void>): void => testWith("systemd-notify", name, fn)
  : (name: string, fn: () => Promise<void>): void => testUnless(reason, name, fn);

test("a service passes its state, and files over a restart, through a real systemd", async () => {
  using dir = tempDir();
  writeUnits(dir);
  await using manager = startProcess("unshare", { args: [...OWN_WORLD, "sh", MANAGER, dir.path] });
  await run(manager);
  await run(manager, "systemctl --user start kit.socket");
  const property = (name: string): Promise<string> =>
    run(manager, `systemctl --user show --value -p ${name} kit.service`);

  assertEquals(await ask(dir, "hello"), { starts: 1, names: ["web"], watchdog: 300_000 });
  assertEquals(await property("StatusText"), "Start 1");
  assertEquals(await property("ActiveState"), "active");
  assertEquals(await property("NFileDescriptorStore"), "1");

  assertEquals(await ask(dir, "fail"), null);
  const second = await ask(dir, "hello");
  assertEquals({ starts: second?.starts, names: second?.names.toSorted() }, {
    starts: 2,
    names: ["starts", "web"],
  });
  assertEquals(await property("StatusText"), "Start 2");
  assertEquals(await property("NRestarts"), "1");

  await ask(dir, "reload");
  assertEquals(await property("StatusText"), "Reloaded");

  await ask(dir, "bite"); // the manager kills it when it gets to it
  const restarts = "systemctl --user show --value -p NRestarts kit.service";
  await run(manager, `until [ "$(${restarts})" = 2 ]; do sleep 0.05; done`);
  assertEquals((await ask(dir, "hello"))?.starts, 3);

  await ask(dir, "stop");
  await run(
    manager,
    "until systemctl --user show -p SubState kit.service | grep -q dead; do sleep 0.05; done",
  );
  assertEquals(await property("Result"), "success");
  await manager.closeInput();
  assertEquals((await manager.status).code, 0);
});
