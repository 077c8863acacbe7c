/**
 * Reads a disk that `qemu-storage-daemon` serves, as a virtual machine does: through a queue in shared
 * memory, with an eventfd for each direction. The socket carries descriptors only. Run it with
 * `deno task example:vhost-user`.
 *
 * @module
 */

import { OwnedFd } from "@denet/unix";
import { connectTo, startProgram } from "../programs.ts";
import { main, stopped, temporaryFolder } from "../util.ts";
import { Device } from "./device.ts";
import { BlockQueue } from "./virtqueue.ts";

const MEMORY = 1 << 20;
const SECTORS = 64;
const ONE = new Uint8Array([1, 0, 0, 0, 0, 0, 0, 0]);

await main(async () => {
  await using folder = temporaryFolder();
  const [disk, path] = [`${folder.path}/disk`, `${folder.path}/vhost`];
  const content = crypto.getRandomValues(new Uint8Array(65536));
  Deno.writeFileSync(disk, content);
  await using daemon = startProgram("qemu-storage-daemon", {
    args: [
      "--blockdev",
      `driver=file,node-name=disk,filename=${disk},read-only=on`,
      "--export",
      `type=vhost-user-blk,id=export,node-name=disk,addr.type=unix,addr.path=${path}`,
    ],
    debianPackage: "qemu-utils",
  });
  using socket = await connectTo(daemon, path);

  using memory = OwnedFd.memfd("guest", new Uint8Array(MEMORY));
  memory.addSeals("shrink"); // a process that shortened the file would crash this one
  using mapping = memory.map({ shared: true });
  using kick = OwnedFd.eventfd();
  using call = OwnedFd.eventfd();
  const device = new Device(socket);
  await device.start(memory, MEMORY, kick, call);
  console.log(`the device has ${MEMORY} bytes of memory and two eventfds`);

  const queue = new BlockQueue(mapping.bytes);
  let right = 0;
  for (let sector = 0; sector < content.byteLength / 512; sector += SECTORS) {
    queue.request(BigInt(sector), SECTORS);
    await kick.write(ONE);
    while (!queue.isDone) {
      await call.ready("read", { signal: stopped });
      await call.read(new Uint8Array(8));
    }
    const read = queue.result(SECTORS);
    const expected = content.subarray(sector * 512, (sector + SECTORS) * 512);
    if (read.every((byte, i) => byte === expected[i])) right += read.byteLength;
  }
  console.log(`read ${content.byteLength} bytes through the queue, right: ${right}`);
});
