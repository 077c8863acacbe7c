/**
 * Gives a running QEMU what it could not open itself: a disk made of memory, and the end of a connection
 * to which it sends the machine's state. Run it with `deno task example:qemu`.
 *
 * @module
 */

import { OwnedFd, unix } from "@denet/unix";
import { connectTo, startProgram } from "../programs.ts";
import { main, temporaryFolder } from "../util.ts";
import { Monitor } from "./qmp.ts";

interface Disk {
  readonly "node-name": string;
  readonly image: { readonly "virtual-size": number };
}

/** `add-fd`: a disk whose content is in memory, under a name that only QEMU knows. */
async function addDisk(monitor: Monitor): Promise<void> {
  using memory = OwnedFd.memfd("disk", new Uint8Array(1 << 20));
  // QEMU opens a read-only disk only through a read-only descriptor.
  using image = OwnedFd.open(`/proc/self/fd/${memory.fd}`);
  const added = await monitor.execute("add-fd", { "fdset-id": 1, opaque: "a disk" }, image);
  console.log(`add-fd: ${JSON.stringify(added)}`);
  const file = { driver: "file", filename: "/dev/fdset/1", "read-only": true };
  const node = { "node-name": "disk", driver: "raw", "read-only": true, file };
  await monitor.execute("blockdev-add", node);
  const nodes = await monitor.execute("query-named-block-nodes") as Disk[];
  const size = nodes.find((it) => it["node-name"] === "disk")?.image["virtual-size"];
  console.log(`blockdev-add: a disk of ${size} bytes, opened from /dev/fdset/1`);
}

/** `getfd`: one end of a connection, to which QEMU then migrates the machine. */
async function receiveState(monitor: Monitor): Promise<void> {
  const [near, far] = unix.socketpair();
  using ours = near;
  using theirs = far;
  await monitor.execute("getfd", { fdname: "state" }, theirs);
  theirs.close();
  await monitor.execute("migrate", { uri: "fd:state" });
  const state = new Uint8Array(await new Response(ours.readable).arrayBuffer());
  const magic = new TextDecoder().decode(state.subarray(0, 4));
  console.log(`getfd, migrate: ${state.byteLength} bytes of state, which begin with ${magic}`);
}

await main(async () => {
  await using folder = temporaryFolder();
  const path = `${folder.path}/qmp`;
  // A machine that has nothing: no processor, no memory, no devices.
  const machine = ["-machine", "none", "-nodefaults", "-display", "none"];
  await using qemu = startProgram("qemu-system-x86_64", {
    args: [...machine, "-qmp", `unix:${path},server=on,wait=off`],
    debianPackage: "qemu-system-x86",
  });
  using socket = await connectTo(qemu, path);
  const monitor = await Monitor.open(socket);
  await addDisk(monitor);
  await receiveState(monitor);
  await monitor.execute("quit");
  const { code } = await qemu.child.status;
  console.log(`quit: QEMU has ended with ${code}`);
});
