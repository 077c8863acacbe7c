/**
 * Speaks D-Bus without any library: passes an open file through a real `dbus-daemon` to a service written
 * in Python, and gets one back. Run it with `deno task example:dbus`.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";
import { connectTo, type Program, startProgram } from "../programs.ts";
import { lacking, main, temporaryFolder } from "../util.ts";
import { Bus, DAEMON } from "./bus.ts";

const READER = {
  destination: "org.example.Reader",
  path: "/reader",
  interface: "org.example.Reader",
} as const;

/** Find a Python that has D-Bus: the system's own may not be the first. */
function findPython(): string {
  for (const command of ["python3", "/usr/bin/python3"]) {
    try {
      const probe = new Deno.Command(command, { args: ["-c", "import dbus, gi"], stderr: "null" });
      if (probe.outputSync().success) return command;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return lacking("dbus-python is not installed (Debian: python3-dbus python3-gi)");
}

/** Start a bus of its own, which nobody else is on. */
function startBus(path: string): Program {
  return startProgram("dbus-daemon", {
    args: ["--session", "--nofork", "--nopidfile", `--address=unix:path=${path}`],
    debianPackage: "dbus-daemon",
  });
}

/** Wait until the service is on the bus. */
async function appears(bus: Bus, { child }: Program): Promise<void> {
  const ended = child.status.then(({ code }) => {
    throw new Error(`The service has ended with ${code}`);
  });
  ended.catch(() => {});
  const ask = { ...DAEMON, member: "GetNameOwner", signature: "s", args: [READER.destination] };
  const found = () => bus.call(ask).catch(() => undefined);
  while (await Promise.race([found(), ended]) === undefined) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await main(async () => {
  const python = findPython();
  using folder = temporaryFolder();
  const address = `${folder.path}/bus`;
  await using daemon = startBus(address);
  using socket = await connectTo(daemon, address);
  const { bus, name } = await Bus.open(socket);
  console.log(`authenticated by EXTERNAL, and called ${name}`);

  const script = new URL("reader.py", import.meta.url).pathname;
  await using service = startProgram(python, {
    args: [script, `unix:path=${address}`],
    debianPackage: "python3-dbus",
  });
  await appears(bus, service);

  using letter = OwnedFd.memfd("letter", new TextEncoder().encode("written in memory"));
  const read = { ...READER, member: "Read", signature: "h", args: [0] };
  const { args: [text, pid] } = await bus.call(read, [letter]);
  const isIt = pid === service.child.pid ? "the service" : `process ${pid}`;
  console.log(`passed a memory file; ${isIt} read "${text}" from it`);

  const path = `${folder.path}/note.txt`;
  Deno.writeTextFileSync(path, "opened by somebody else");
  const open = { ...READER, member: "Open", signature: "s", args: [path] };
  const { files: [file] } = await bus.call(open);
  if (file === undefined) throw new Error("The service sent no descriptor");
  using received = file;
  const content = await new Response(received.readable).text();
  console.log(`received a ${received.kind()} from it, which says "${content}"`);
});
