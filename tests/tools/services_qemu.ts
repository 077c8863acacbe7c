/**
 * Services of QEMU: a disk by NBD, one by vhost-user, and its monitor.
 *
 * @module
 */

import type { TempDir } from "../util/tempdir.ts";
import { daemon, run, type Running } from "./daemon.ts";

export async function startQemu(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("nbd");
  await run("qemu-img", ["create", "-q", "-f", "raw", dir.join("disk"), "1M"]);
  const node = `driver=file,node-name=disk,filename=${dir.join("disk")}`;
  await daemon(
    stack,
    socket,
    "qemu-storage-daemon",
    ...[
      ["--blockdev", node],
      ["--nbd-server", `addr.type=unix,addr.path=${socket}`],
      ["--export", "type=nbd,id=e,node-name=disk,name=disk"],
    ].flat(),
  );
  return { socket };
}

export async function startQmp(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("qmp");
  const chardev = `socket,path=${socket},server=on,wait=off,id=m`;
  await daemon(
    stack,
    socket,
    "qemu-storage-daemon",
    "--chardev",
    chardev,
    "--monitor",
    "chardev=m",
  );
  return { socket };
}

/** A boot sector for a PC: it prints a line to QEMU's debug port, and ends QEMU. */
const BOOT_SECTOR: Uint8Array = new Uint8Array(512);
// xor ax, ax; mov ds, ax; mov si, text; next: lodsb; test al, al; jz end; out 0xe9, al; jmp next;
// end: mov al, 0; out 0xf4, al; hlt
BOOT_SECTOR.set(Uint8Array.fromHex("31c08ed8be167cac84c07404e6e9ebf7b000e6f4f490"));
BOOT_SECTOR.set(new TextEncoder().encode("booted from the disk\n\0"), 22);
BOOT_SECTOR.set([0x55, 0xaa], 510);

export async function startVhostUser(dir: TempDir, stack: AsyncDisposableStack): Promise<Running> {
  const socket = dir.join("vhost");
  const disk = new Uint8Array(1 << 20);
  disk.set(BOOT_SECTOR);
  Deno.writeFileSync(dir.join("disk"), disk);
  const node = `driver=file,node-name=disk,filename=${dir.join("disk")}`;
  const target = `addr.type=unix,addr.path=${socket}`;
  await daemon(
    stack,
    socket,
    "qemu-storage-daemon",
    ...["--blockdev", node],
    ...["--export", `type=vhost-user-blk,id=e,node-name=disk,${target},writable=on`],
  );
  return { socket };
}

/** Start a virtual PC from a disk of vhost-user, which shares its memory by a descriptor; what it prints. */
export async function boot(socket: string): Promise<string> {
  const args = [
    ["-nodefaults", "-no-user-config", "-display", "none", "-m", "64"],
    ["-machine", "q35,accel=tcg", "-object", "memory-backend-memfd,id=m,size=64M,share=on"],
    ["-numa", "node,memdev=m", "-chardev", `socket,id=c,path=${socket}`],
    ["-device", "vhost-user-blk-pci,chardev=c,bootindex=1", "-chardev", "stdio,id=d"],
    ["-device", "isa-debugcon,chardev=d,iobase=0xe9", "-device", "isa-debug-exit,iobase=0xf4"],
  ].flat();
  const ends = 'qemu-system-x86_64 "$@"; test $? = 1';
  return await run("sh", ["-c", ends, "sh", ...args]);
}
