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

const READER = { name: "org.example.Reader", path: "/reader" };

/** The system's own Python, which has the modules of Debian's packages. */
const PYTHON = "/usr/bin/python3";
const PACKAGES = "python3-dbus python3-gi";

/** Wait until the service is on the bus. */
async function appears(bus: Bus, service: Program): Promise<void> {
  let code: number | undefined;
  service.child.status.then((status) => code = status.code);
  while ((await bus.call(DAEMON, "NameHasOwner", READER.name))[0] !== 1) {
    if (code === 77) lacking(`dbus-python is not installed (Debian: ${PACKAGES})`);
    await service.requireRunning();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

await main(async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/bus`;
  const address = `unix:path=${path}`;
  await using daemon = startProgram("dbus-daemon", {
    args: ["--session", "--nofork", "--nopidfile", `--address=${address}`],
    debianPackage: "dbus-daemon",
  });
  using socket = await connectTo(daemon, path);
  const { bus, name } = await Bus.open(socket);
  console.log(`authenticated by EXTERNAL, and called ${name}`);

  const script = new URL("reader.py", import.meta.url).pathname;
  await using reader = startProgram(PYTHON, { args: [script, address], debianPackage: PACKAGES });
  await appears(bus, reader);

  using letter = OwnedFd.memfd("letter", new TextEncoder().encode("written in memory"));
  const [text, pid] = await bus.call(READER, "Read", letter);
  const who = pid === reader.child.pid ? "the service" : `process ${pid}`;
  console.log(`passed a memory file; ${who} read "${text}" from it`);

  const note = `${folder.path}/note.txt`;
  Deno.writeTextFileSync(note, "opened by another process");
  const [file] = await bus.call(READER, "Open", note);
  if (!(file instanceof OwnedFd)) throw new Error("The service sent no descriptor");
  const kind = file.kind();
  const content = await new Response(file.readable).text(); // which closes it
  console.log(`received a ${kind} from it, which says "${content}"`);
});
