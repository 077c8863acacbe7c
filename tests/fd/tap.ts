/**
 * Writes frames to a TAP device of its own network, and says how many of which size the kernel took: one for each
 * write, as a device takes what one call gives it. With the argument "thread", as a device that cannot be asked
 * to refuse rather than block. Ends with 3 where there can be no such device.
 *
 * @module
 */

import { libc, replaceLibc } from "../../ffi/libc.ts";
import { ioctl } from "../../ffi/syscalls/files.ts";
import { OwnedFd } from "../../mod.ts";

const IFF_TAP = 2; // <linux/if_tun.h>
const IFF_NO_PI = 0x1000;
const TUNSETIFF = 0x400454ca;
const NAME = "tap9";
const SIZE = 8000;

/** Open the device and take it up. */
function openTap(): OwnedFd {
  const tap = OwnedFd.open("/dev/net/tun", { read: true, write: true });
  const request = new Uint8Array(40); // struct ifreq
  request.set(new TextEncoder().encode(NAME));
  new DataView(request.buffer).setUint16(16, IFF_TAP | IFF_NO_PI, true);
  const made = ioctl(tap.fd, TUNSETIFF, request);
  const args = ["link", "set", NAME, "mtu", "9000", "up"];
  if (made < 0 || !new Deno.Command("ip", { args }).outputSync().success) Deno.exit(3);
  return tap;
}

/** The bytes and frames that have come in from the device. */
function received(): [bytes: number, frames: number] {
  const line = Deno.readTextFileSync("/proc/net/dev").split("\n").find((it) => it.includes(NAME));
  const [bytes = 0, frames = 0] = line?.replace(/.*:/, "").trim().split(/\s+/).map(Number) ?? [];
  return [bytes, frames];
}

if (Deno.args[0] === "thread") {
  replaceLibc(Object.create(libc(), { pwritev2: { value: null } }));
}
const tap = openTap();
const frame = new Uint8Array(SIZE).fill(0xff, 0, 6); // to everybody
frame.set([2, 0, 0, 0, 0, 1], 6);
frame.set([0x88, 0xb5], 12); // a protocol for experiments
const writer = tap.writable.getWriter();
const ways: Record<string, () => unknown> = {
  "write()": () => tap.write(frame),
  "writeSync()": () => tap.writeSync(frame),
  "writable": () => writer.write(frame),
};
for (const [name, write] of Object.entries(ways)) {
  const [bytes, frames] = received();
  await write();
  const [nowBytes, nowFrames] = received();
  console.log(`${name}: ${nowFrames - frames} of ${nowBytes - bytes} bytes`);
}
Deno.exit(0);
